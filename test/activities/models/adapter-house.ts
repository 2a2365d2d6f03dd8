import type { ServerResponse } from 'node:http';

import { createAdapterConnector } from '../../../activities/models/adapter-connector.ts';
import type { ConnectorDeps } from '../../../activities/models/connector.ts';
import { contractRequest } from '../../../activities/models/contract/scene.ts';
import type {
  Adapter,
  AdapterCall,
  AdapterReply,
  AdapterRequest,
} from '../../../domain/providers/adapter.ts';
import type { Agent } from '../../../domain/providers/agent.ts';
import type { ModelConnector, ProviderFault } from '../../../domain/providers/model-connector.ts';
import { agentAt, faultOf, startServer } from '../../support/providers.ts';

/** What a made-up adapter does when it is asked. */
export type Ask = (request: AdapterRequest, call: AdapterCall) => unknown;

/** What a connector to it is made from, where that is not as usual. */
export type ConnectorFields = {
  readonly adapter?: Partial<Adapter>;
  readonly agent?: Partial<Agent>;
} & Partial<ConnectorDeps>;

/** Can all there is. */
export const everything = {
  streaming: true,
  structuredOutput: true,
  vision: true,
  systemPrompt: true,
  promptCaching: true,
};

/** A reply in good form. */
export const good: AdapterReply = { text: 'yes', finish: 'stop', usage: null };

/** What never comes. */
export const forever = new Promise<never>(() => undefined);

/** What connectors need, with a key for whoever asks. */
export function adapterDeps(fields: Partial<ConnectorDeps> = {}): ConnectorDeps {
  return {
    secret: () => 'key',
    allowedHosts: (url) => url.hostname === '127.0.0.1',
    timeouts: { totalMs: 4000, chunkMs: 4000 },
    ...fields,
  };
}

/** An adapter that asks in this way. */
export function adapterOf(ask: Ask, fields: Partial<Adapter> = {}): Adapter {
  return {
    contract: 1,
    name: 'parley',
    version: '1',
    baseUrl: null,
    capabilities: everything,
    ask: ask as Adapter['ask'],
    ...fields,
  };
}

/** Adapters before a provider that is made up as well. */
export interface AdapterHouse {
  /** Where the provider is. */
  readonly url: string;
  /** Paths that it was asked for. */
  readonly requests: readonly string[];
  /** What it answers; a word unless it is set. */
  answer: (response: ServerResponse, path: string) => void;
  /** Gives a connector to an adapter that asks in this way. */
  connectorOf(ask: Ask, fields?: ConnectorFields): ModelConnector;
  /** Gives the fault with which a call of such an adapter is rejected. */
  faultFrom(ask: Ask, fields?: ConnectorFields): Promise<ProviderFault>;
  close(): Promise<void>;
}

/** Opens a house. */
export async function adapterHouse(): Promise<AdapterHouse> {
  const requests: string[] = [];
  const server = await startServer((response, path) => {
    requests.push(path);
    house.answer(response, path);
  });
  const connectorOf: AdapterHouse['connectorOf'] = (ask, { adapter, agent, ...rest } = {}) => {
    const asked = agentAt(server.url, { capabilities: {}, ...agent, provider: 'parley' });
    return createAdapterConnector(asked, adapterOf(ask, adapter), adapterDeps(rest));
  };
  const house: AdapterHouse = {
    url: server.url,
    requests,
    answer: (response) => response.end('fine'),
    connectorOf,
    faultFrom: async (ask, fields) =>
      await faultOf(connectorOf(ask, fields).ask(contractRequest())),
    close: () => server.close(),
  };
  return house;
}
