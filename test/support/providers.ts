import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Agent } from '../../domain/providers/agent.ts';
import type { ProviderName } from '../../domain/providers/model-connector.ts';
import type { CallCount } from '../../infra/simulated/call-log.ts';
import { createPanelServer, type ServedFormat } from '../../infra/simulated/panel-server.ts';

export { faultOf } from '../../activities/models/contract/scene.ts';

/** A server of a test, and how to end it. */
export interface TestServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The panel of simulated agents on a port of its own. */
export interface TestPanel extends TestServer {
  calls(): Promise<readonly CallCount[]>;
}

/** Starts the panel in this process. */
export async function startPanel(
  latencyMs = 0,
  formats: readonly ServedFormat[] = [],
): Promise<TestPanel> {
  const server = await listening(createPanelServer({ latencyMs, version: 'test', formats }));
  return {
    ...server,
    async calls() {
      const answer = await fetch(`${server.url}/_calls`);
      return ((await answer.json()) as { calls: CallCount[] }).calls;
    },
  };
}

/** Starts a server that answers every request in one way. */
export async function startServer(
  answer: (response: ServerResponse, path: string) => void,
): Promise<TestServer> {
  return listening(
    createServer((request, response) => {
      request.resume();
      answer(response, request.url ?? '');
    }),
  );
}

/** Where the panel serves each provider's wire format. */
export const panelPaths: Readonly<Record<ProviderName, string>> = {
  anthropic: '/anthropic/v1',
  openai: '/openai/v1',
  google: '/google/v1beta',
  mistral: '/mistral/v1',
  xai: '/openai/v1',
  ollama: '/ollama/api',
  'openai-compatible': '/openai/v1',
};

/** Makes an agent of a provider whose API is somewhere else than usual. */
export function agentAt<P extends string>(
  baseUrl: string,
  fields: Partial<Agent> & { readonly provider: P },
): Agent & { readonly provider: P } {
  return {
    name: 'tested',
    model: 'sim-tested',
    baseUrl,
    apiKeyEnv: 'TESTED_KEY',
    personas: [],
    price: null,
    limits: {},
    fallback: null,
    capabilities: { structuredOutput: true, vision: true },
    simulated: true,
    ...fields,
  };
}

async function listening(server: Server): Promise<TestServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
