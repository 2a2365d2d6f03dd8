import { createHash } from 'node:crypto';

import { createApp } from '../../api/app.ts';
import type { App } from '../../api/app.ts';
import type { ApiDeps } from '../../api/ports.ts';
import type { Decision } from '../../domain/collaboration/decision.ts';
import type { Agent } from '../../domain/providers/agent.ts';
import { genesisHash } from '../../domain/ledger/event.ts';
import type { LedgerEvent, NewEvent } from '../../domain/ledger/event.ts';
import type { KnownAdapter } from '../../infra/stores/adapter-store.ts';
import type { FoundProgram } from '../../infra/stores/program-store.ts';
import type { Collaboration, NewCollaboration } from '../../infra/stores/collaboration-store.ts';
import type { ApprovalRow } from '../../infra/stores/approval-store.ts';
import { createFakeApprovals } from './fake-approvals.ts';
import { createFakeEngine, type EngineBook } from './fake-engine.ts';
import { createFakeResolutions } from './fake-resolutions.ts';
import { createFakeSandboxRuns, type SandboxBook } from './fake-sandbox-runs.ts';
import { createFakeWebhooks } from './fake-webhooks.ts';

/** A key and its tenant; `b` may see nothing of `a`. */
export const keys = { a: 'key-of-a', b: 'key-of-b' } as const;

const tenantsByKey: Readonly<Record<string, string>> = { [keys.a]: 'a', [keys.b]: 'b' };

/** What a test may look into and change. */
export interface House extends EngineBook, SandboxBook {
  readonly app: App;
  readonly deps: ApiDeps;
  readonly rows: Map<string, Collaboration>;
  readonly streams: Map<string, LedgerEvent[]>;
  readonly artifacts: Map<string, { bytes: Uint8Array; mediaType: string }>;
  readonly agents: Map<string, Agent>;
  /** Adapters that workers have loaded. */
  readonly adapters: KnownAdapter[];
  /** What is known of programs, each with its tenant. */
  readonly programs: (readonly [tenantId: string, found: FoundProgram])[];
  /** By tenant and id. */
  readonly approvals: Map<string, ApprovalRow>;
  readonly messages: { messageId: string; text: string }[];
  /** Streams that somebody asked live text of. */
  readonly interest: string[];
  nowMs: number;
  /** How often the ledger was read. */
  reads: number;
  append(tenantId: string, stream: string, event: Partial<NewEvent>): void;
  hint(tenantId: string, stream: string): void;
  publishLive(tenantId: string, stream: string, payload: string): void;
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
  const listeners = new Map<string, Set<() => void>>();
  const liveListeners = new Map<string, Set<(payload: string) => void>>();
  const idempotency = new Map<string, { sha256: string; id: string }>();
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

  house.append = (tenantId, stream, event) => {
    const key = `${tenantId}/${stream}`;
    const events = house.streams.get(key) ?? [];
    const seq = events.length + 1;
    events.push({
      id: `${stream}/${seq}`,
      type: 'conclave.deadline.passed.v1',
      source: '/test',
      subject: stream,
      time: new Date(house.nowMs).toISOString(),
      data: {},
      ...event,
      stream,
      seq,
      previousHash: genesisHash,
      hash: genesisHash,
    });
    house.streams.set(key, events);
    house.hint(tenantId, stream);
  };
  house.hint = (tenantId, stream) => {
    listeners.get(`${tenantId}/${stream}`)?.forEach((listener) => {
      listener();
    });
  };
  house.publishLive = (tenantId, stream, payload) => {
    liveListeners.get(`${tenantId}/${stream}`)?.forEach((listener) => {
      listener(payload);
    });
  };
  house.seal = (tenantId, id, changes) => {
    const sealed = { ...decision, ...changes };
    const record = Buffer.from(JSON.stringify({ version: 1, decision: sealed }));
    const recordSha256 = put(house, tenantId, { bytes: record, mediaType: 'application/json' });
    const transcript = Buffer.from('# A debate\n');
    const transcriptSha256 = put(house, tenantId, {
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
    collaborations: {
      create: (input) => {
        const used = idempotency.get(`${input.tenantId}/${input.idempotency?.key ?? ''}`);
        if (input.idempotency !== null && used !== undefined) {
          const kind = used.sha256 === input.idempotency.requestSha256 ? 'replayed' : 'conflict';
          return Promise.resolve({ kind, collaborationId: used.id });
        }
        if (input.idempotency !== null) {
          const { key, requestSha256: sha256 } = input.idempotency;
          idempotency.set(`${input.tenantId}/${key}`, { sha256, id: input.collaborationId });
        }
        house.rows.set(`${input.tenantId}/${input.collaborationId}`, rowOf(input));
        for (const event of input.events)
          house.append(input.tenantId, input.collaborationId, event);
        return Promise.resolve({ kind: 'created' });
      },
      get: (tenantId, id) => Promise.resolve(house.rows.get(`${tenantId}/${id}`)),
      getByKey: (tenantId, key) => {
        const used = idempotency.get(`${tenantId}/${key}`);
        return Promise.resolve(used && { collaborationId: used.id, requestSha256: used.sha256 });
      },
      list: ({ tenantId, limit, cursor, status }) =>
        Promise.resolve(
          [...house.rows]
            .filter(([key]) => key.startsWith(`${tenantId}/`))
            .map(([, row]) => row)
            .filter((row) => status === undefined || row.status === status)
            .sort((one, other) => (one.collaborationId < other.collaborationId ? 1 : -1))
            .filter((row) => cursor === undefined || row.collaborationId < cursor.collaborationId)
            .slice(0, limit),
        ),
      markRunning: ({ tenantId, collaborationId }) => {
        const key = `${tenantId}/${collaborationId}`;
        const row = house.rows.get(key);
        if (row?.status === 'queued') house.rows.set(key, { ...row, status: 'running' });
        return Promise.resolve();
      },
      queuedOlderThan: () =>
        Promise.resolve(
          [...house.rows]
            .filter(([, row]) => row.status === 'queued')
            .map(([key, row]) => ({
              tenantId: key.split('/')[0] ?? '',
              collaborationId: row.collaborationId,
            })),
        ),
      underWay: (after, limit) =>
        Promise.resolve(
          [...house.rows]
            .flatMap(([key, { collaborationId, pattern, status, createdAt }]) => {
              const isUnderWay = status === 'running' || status === 'paused';
              const tenantId = key.split('/')[0] ?? '';
              return isUnderWay ? [{ tenantId, collaborationId, pattern, status, createdAt }] : [];
            })
            .sort((one, other) => (one.collaborationId < other.collaborationId ? -1 : 1))
            .filter((run) => after === undefined || run.collaborationId > after.collaborationId)
            .slice(0, limit),
        ),
      addMessage: ({ messageId, text }) => {
        const isNew = house.messages.every((message) => message.messageId !== messageId);
        if (isNew) house.messages.push({ messageId, text });
        return Promise.resolve(true);
      },
      getMessage: ({ messageId }) => {
        const kept = house.messages.find((message) => message.messageId === messageId);
        return Promise.resolve(kept && { ...kept, author: '/users/a', createdAt: '' });
      },
    },
    ...createFakeSandboxRuns(house),
    ledger: {
      append: ({ tenantId, stream, events }) =>
        Promise.resolve(appendOnce(house, { tenantId, stream, events })),
      read: ({ tenantId, stream, afterSeq, limit }) => {
        house.reads += 1;
        const events = house.streams.get(`${tenantId}/${stream}`) ?? [];
        return Promise.resolve(events.slice(afterSeq, afterSeq + limit));
      },
      readUpTo: ({ tenantId, stream }) =>
        Promise.resolve([...(house.streams.get(`${tenantId}/${stream}`) ?? [])]),
      head: ({ tenantId, stream }) => {
        const last = house.streams.get(`${tenantId}/${stream}`)?.at(-1);
        return Promise.resolve({ seq: last?.seq ?? 0, hash: last?.hash ?? genesisHash });
      },
    },
    turns: { outstandingOf: () => Promise.resolve(['proposal-1-s2']) },
    feed: {
      watch: (tenantId, stream, listener) => add(listeners, `${tenantId}/${stream}`, listener),
      watchLive: (tenantId, stream, listener) =>
        add(liveListeners, `${tenantId}/${stream}`, listener),
      announceWatch: (tenantId, stream) => {
        house.interest.push(`${tenantId} ${stream}`);
        return Promise.resolve();
      },
    },
    artifacts: {
      put: (tenantId, artifact) => {
        const sha256 = put(house, tenantId, artifact);
        const { bytes, mediaType } = artifact;
        return Promise.resolve({ sha256, bytes: bytes.byteLength, mediaType });
      },
      describe: (tenantId, sha256) => {
        const found = house.artifacts.get(`${tenantId}/${sha256}`);
        const entry = found && {
          sha256,
          bytes: found.bytes.byteLength,
          mediaType: found.mediaType,
        };
        return Promise.resolve(entry);
      },
      get: (tenantId, sha256) => Promise.resolve(house.artifacts.get(`${tenantId}/${sha256}`)),
    },
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

/** An event that is there is answered as it is. */
function appendOnce(
  house: Pick<House, 'append' | 'streams'>,
  { tenantId, stream, events }: Parameters<ApiDeps['ledger']['append']>[0],
): LedgerEvent[] {
  return events.flatMap((event) => {
    const find = (): LedgerEvent | undefined =>
      house.streams.get(`${tenantId}/${stream}`)?.find(({ id }) => id === event.id);
    if (find() === undefined) house.append(tenantId, stream, event);
    return find() ?? [];
  });
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

function rowOf(input: NewCollaboration): Collaboration {
  return {
    collaborationId: input.collaborationId,
    pattern: input.plan.pattern,
    status: 'queued',
    question: input.question.slice(0, 200),
    createdAt: input.createdAt,
    startedAt: null,
    endedAt: null,
    decision: null,
    simulated: false,
    request: input.request,
    plan: input.plan,
    estimate: input.estimate,
    recordSha256: null,
    transcriptSha256: null,
    budget: {
      limits: input.plan.budget,
      reserved: { tokens: 0, microsUsd: 0 },
      settled: { tokens: 0, microsUsd: 0 },
    },
  };
}

function put(
  house: Pick<House, 'artifacts'>,
  tenantId: string,
  artifact: { bytes: Uint8Array; mediaType: string },
): string {
  const sha256 = createHash('sha256').update(artifact.bytes).digest('hex');
  house.artifacts.set(`${tenantId}/${sha256}`, artifact);
  return sha256;
}

function add<T>(listeners: Map<string, Set<T>>, key: string, listener: T): () => void {
  const set = listeners.get(key) ?? new Set<T>();
  listeners.set(key, set.add(listener));
  return () => set.delete(listener);
}
