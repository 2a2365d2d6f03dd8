import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';

import type { Agent } from '../../../domain/providers/agent.ts';
import type {
  ModelConnector,
  ModelRequest,
  ProviderFault,
} from '../../../domain/providers/model-connector.ts';
import type { CallCount } from '../../../infra/simulated/call-log.ts';
import { createPanelServer, type ServedFormat } from '../../../infra/simulated/panel-server.ts';
import type { ConnectorDeps } from '../connector.ts';
import { ProviderFaultError } from '../fault.ts';

/** What differs between providers for good reasons. */
export interface ContractTraits {
  /** Whether a reply comes piece by piece. */
  readonly streams: boolean;
  /** Whether models can see images. */
  readonly seesImages: boolean;
  /** Whether instructions stand apart from the text. */
  readonly takesSystem: boolean;
  /** Whether the wire format has a word for a refusal. */
  readonly knowsRefusal: boolean;
  /** Whether it says how many tokens were cached. */
  readonly countsCached: boolean;
  /** Whether it always says what was used. */
  readonly alwaysCounts: boolean;
}

/** What is held to the contract. */
export interface ContractSubject {
  readonly traits: ContractTraits;
  /** Where the panel serves its wire format. */
  readonly root: string;
  /** Wire formats that the panel does not know by itself. */
  readonly formats?: readonly ServedFormat[];
  /** Makes a connector for an agent. */
  readonly connector: (agent: ContractAgent, deps: ConnectorDeps) => ModelConnector;
}

/** What a case says of the agent whose connector it wants. */
export interface ContractAgent extends Pick<Agent, 'model' | 'apiKeyEnv'> {
  readonly baseUrl: string;
  /** Absent where the provider's usual ones are wanted. */
  readonly capabilities?: Agent['capabilities'];
}

/** Where a case takes place: a provider of its own, and connectors to it. */
export interface ContractScene {
  readonly traits: ContractTraits;
  /** Makes a connector to the provider. */
  readonly connector: (fields?: Partial<SceneFields>) => ModelConnector;
  /** What the provider was asked. */
  readonly calls: () => Promise<readonly CallCount[]>;
}

/** How a connector of a case is to be. */
export interface SceneFields {
  readonly model: string;
  readonly baseUrl: string;
  readonly capabilities: Agent['capabilities'];
  /** Longest silence, milliseconds. */
  readonly patienceMs: number;
  readonly allowedHosts: (url: URL) => boolean;
}

/** One case: a fact, and what rejects when it does not hold. */
export interface SceneCase {
  readonly title: string;
  /** For which providers it is a fact; for all of them by default. */
  readonly isFor?: (traits: ContractTraits) => boolean;
  readonly check: (scene: ContractScene) => Promise<void>;
}

/** Key of every agent of the suite. */
export const contractKey = 'secret-of-the-test';

/** Longest that anything may take, milliseconds. */
export const patienceMaxMs = 4000;

/** Plays a case at a provider of its own, and clears everything away. */
export async function onScene(
  { formats = [], root, traits, connector }: ContractSubject,
  check: SceneCase['check'],
): Promise<void> {
  const server = createPanelServer({ latencyMs: 0, version: 'contract', formats });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await check({
      traits,
      connector: (fields = {}) => {
        const { model = 'sim-tested', baseUrl = url + root, capabilities } = fields;
        const chunkMs = fields.patienceMs ?? patienceMaxMs;
        const declared = capabilities === undefined ? {} : { capabilities };
        return connector(
          { model, baseUrl, apiKeyEnv: 'CONTRACT_API_KEY', ...declared },
          {
            secret: () => contractKey,
            allowedHosts: fields.allowedHosts ?? (() => true),
            timeouts: { totalMs: traits.streams ? patienceMaxMs : chunkMs, chunkMs },
          },
        );
      },
      calls: async () => {
        const answer = await fetch(`${url}/_calls`);
        return ((await answer.json()) as { calls: CallCount[] }).calls;
      },
    });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Makes a request; a plain one unless fields say otherwise. */
export function contractRequest(fields: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: 'You answer.',
    parts: [
      { kind: 'text', text: 'What is it?', stable: true },
      { kind: 'text', text: 'Say.', stable: false },
    ],
    schema: null,
    maxOutputTokens: 500,
    signal: new AbortController().signal,
    ...fields,
  };
}

/**
 * Gives the fault of a call that fails.
 *
 * @throws what else it failed with, or that it did not fail
 */
export async function faultOf(asked: Promise<unknown>): Promise<ProviderFault> {
  const error: unknown = await asked.then(
    () => new Error('the call was expected to fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof ProviderFaultError) return error.fault;
  throw error;
}

/**
 * Compares the fields that matter, texts and numbers.
 *
 * @throws AssertionError naming the field
 */
export function assertFields<T extends object>(found: T, wanted: Partial<T>): void {
  for (const name of Object.keys(wanted) as (keyof T & string)[]) {
    assert.equal(found[name], wanted[name], `${name} of ${JSON.stringify(found)}`);
  }
}

/**
 * Looks until something holds.
 *
 * @throws AssertionError when it takes too long
 */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const late = performance.now() + patienceMaxMs;
  while (!(await holds())) assert.ok(performance.now() < late, `it never came that ${what}`);
}
