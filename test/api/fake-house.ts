import { createApp } from '../../api/app.ts';
import type { App } from '../../api/app.ts';
import type { ApiDeps } from '../../api/ports.ts';
import type { Decision } from '../../domain/collaboration/decision.ts';
import type { Agent } from '../../domain/providers/agent.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import type { KnownAdapter } from '../../infra/stores/adapter-store.ts';
import type { FoundProgram } from '../../infra/stores/program-store.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import type { ApprovalRow } from '../../infra/stores/approval-store.ts';
import { createFakeApprovals } from './fake-approvals.ts';
import { createFakeArtifacts, keep, type KeptArtifacts } from './fake-artifacts.ts';
import { createFakeCollaborations, type CollaborationBook } from './fake-collaborations.ts';
import { createFakeEngine, type EngineBook } from './fake-engine.ts';
import { createFakeLedger, type LedgerBook, type LedgerHand } from './fake-ledger.ts';
import { createFakeResolutions } from './fake-resolutions.ts';
import { createFakeSandboxRuns, type SandboxBook } from './fake-sandbox-runs.ts';
import { createFakeWebhooks } from './fake-webhooks.ts';

/** A key and its tenant; `b` may see nothing of `a`. */
export const keys = { a: 'key-of-a', b: 'key-of-b' } as const;

const tenantsByKey: Readonly<Record<string, string>> = { [keys.a]: 'a', [keys.b]: 'b' };

/** What a test may look into and change. */
export interface House extends CollaborationBook, EngineBook, LedgerBook, LedgerHand, SandboxBook {
  readonly app: App;
  readonly deps: ApiDeps;
  readonly artifacts: KeptArtifacts;
  readonly agents: Map<string, Agent>;
  /** Adapters that workers have loaded. */
  readonly adapters: KnownAdapter[];
  /** What is known of programs, each with its tenant. */
  readonly programs: (readonly [tenantId: string, found: FoundProgram])[];
  /** By tenant and id. */
  readonly approvals: Map<string, ApprovalRow>;
  /** Ends a run as sealing does. */
  seal(tenantId: string, id: string, changes?: Partial<Decision>): void;
  request(path: string, init?: RequestInit & { key?: string | null }): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** An agent as registering would make it. */
export function agentNamed(name: string, changes: Partial<Agent> = {}): Agent {
  return {
    name,
    provider: 'openai-compatible',
    model: 'm',
    baseUrl: 'http://127.0.0.1:9/v1',
    apiKeyEnv: null,
    personas: [],
    price: {
      inputMicrosUsdPerMillion: 1_000_000,
      cachedMicrosUsdPerMillion: 100_000,
      outputMicrosUsdPerMillion: 2_000_000,
      asOf: '2026-11-01',
    },
    limits: {},
    fallback: null,
    capabilities: {},
    simulated: false,
    ...changes,
  };
}

/** Makes an application on fakes that keep everything in memory, with three agents of tenant `a`. */
export function createHouse(): House {
  const house = {
    rows: new Map<string, Collaboration>(),
    streams: new Map<string, LedgerEvent[]>(),
    artifacts: new Map<string, { bytes: Uint8Array; mediaType: string }>(),
    agents: new Map(
      ['ada', 'bob', 'cyd'].map((name): [string, Agent] => [`a/${name}`, agentNamed(name)]),
    ),
    adapters: [],
    programs: [],
    approvals: new Map<string, ApprovalRow>(),
    messages: [],
    started: [],
    steered: [],
    interest: [],
    isEngineAway: false,
    presences: new Map<string, 'busy' | 'idle' | 'closed'>(),
    restored: [],
    sandboxStarted: [],
    sandboxCancelled: [],
    sandboxClosed: new Set<string>(),
    caughtUp: [],
    incarnation: 'first',
    outcome: { kind: 'done', status: 'running' },
    nowMs: Date.parse('2026-11-21T09:00:00.000Z'),
    reads: 0,
  } as unknown as Mutable<House>;

  const { ledger, feed, ...hand } = createFakeLedger(house);
  Object.assign(house, hand);
  house.seal = (tenantId, id, changes) => {
    const sealed = { ...decision, ...changes };
    const record = Buffer.from(JSON.stringify({ version: 1, decision: sealed }));
    const recordSha256 = keep(house.artifacts, tenantId, {
      bytes: record,
      mediaType: 'application/json',
    });
    const transcript = Buffer.from('# A debate\n');
    const transcriptSha256 = keep(house.artifacts, tenantId, {
      bytes: transcript,
      mediaType: 'text/markdown',
    });
    const key = `${tenantId}/${id}`;
    const row = house.rows.get(key);
    if (row === undefined) throw new Error(`no row ${key}`);
    const endedAt = new Date(house.nowMs).toISOString();
    const ended = { status: 'completed' as const, decision: sealed, endedAt };
    house.rows.set(key, { ...row, ...ended, recordSha256, transcriptSha256 });
    house.append(tenantId, id, { type: 'conclave.decision.sealed.v1' });
  };

  house.deps = {
    tenants: {
      tenantOfKey: (key) => Promise.resolve(tenantsByKey[key]),
      mayRunCode: (tenantId) => Promise.resolve(tenantId === 'a'),
    },
    collaborations: createFakeCollaborations(house),
    ...createFakeSandboxRuns(house),
    ledger,
    feed,
    turns: { outstandingOf: () => Promise.resolve(['proposal-1-s2']) },
    artifacts: createFakeArtifacts(house.artifacts),
    adapters: { list: () => Promise.resolve(house.adapters) },
    approvals: createFakeApprovals(house.approvals),
    agents: {
      put: (tenantId, agent) => {
        const key = `${tenantId}/${agent.name}`;
        const created = !house.agents.has(key);
        house.agents.set(key, agent);
        return Promise.resolve({ created });
      },
      get: (tenantId, name) => Promise.resolve(house.agents.get(`${tenantId}/${name}`)),
      list: (tenantId) =>
        Promise.resolve(
          [...house.agents].filter(([key]) => key.startsWith(`${tenantId}/`)).map(([, one]) => one),
        ),
      remove: (tenantId, name) => Promise.resolve(house.agents.delete(`${tenantId}/${name}`)),
    },
    accounts: { status: () => Promise.resolve([]) },
    programs: {
      found: (tenantId) =>
        Promise.resolve(house.programs.filter(([of]) => of === tenantId).map(([, one]) => one)),
    },
    resolutions: createFakeResolutions(),
    ...createFakeWebhooks(),
    engine: createFakeEngine(house),
    parts: [],
    signingKeys: [{ keyId: '0123456789abcdef', algorithm: 'Ed25519', pem: 'PEM', raw: 'RAW' }],
    isHostAllowed: (url) => url.hostname === '127.0.0.1',
    isHostNamed: (url) => url.hostname === 'named.example.com',
    isSimulated: (url) => url.port === '4010',
    isKeyVariable: (name) => name.endsWith('_KEY'),
    isCommandVariable: (name) => name === 'SHOWN_TOKEN',
    commandFolders: ['/srv/agents'],
    isSecretSet: (name) => name === 'SET_KEY',
    log: silentLog,
    version: '1.2.3',
    now: () => house.nowMs,
  };
  house.app = createApp(house.deps);
  house.request = async (path, { key = keys.a, ...init } = {}) => {
    const headers = new Headers(init.headers);
    if (key !== null) headers.set('authorization', `Bearer ${key}`);
    return await house.app.api.request(path, { ...init, headers });
  };
  house.post = async (path, body, headers = {}) =>
    await house.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return house;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const nothing = (): void => undefined;
const silentLog = { info: nothing, warn: nothing, error: nothing, debug: nothing };

/** The decision of every sealed run of a house. */
export const decision: Decision = {
  kind: 'decided',
  answer: 'yes',
  reason: null,
  explanation: '2 of 3 chose it.',
  votes: [],
  flips: [],
  dissent: [],
  rounds: 1,
  stoppedBy: 'rounds',
  cost: {
    inputTokens: 1,
    cachedTokens: 0,
    outputTokens: 1,
    usd: 0.1,
    calls: 3,
    unknownCalls: 0,
  },
  simulated: false,
};
