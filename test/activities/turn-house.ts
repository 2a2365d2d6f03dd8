import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

import { createAskAgent, type AskAgentDeps } from '../../activities/ask-agent.ts';
import { turnRef, type TurnFact } from '../../domain/collaboration/fact.ts';
import { type TurnEnding, unpackEnding } from '../../domain/collaboration/turn-ending.ts';
import { createCallsUnderWay, type CallsUnderWay } from '../../activities/calls-under-way.ts';
import { ProviderFaultError } from '../../activities/models/fault.ts';
import { caseFileOf, type CaseFile } from '../../domain/collaboration/case-file.ts';
import type { Plan } from '../../domain/collaboration/plan.ts';
import { machines, openingFacts } from '../../domain/machines.ts';
import type { Agent } from '../../domain/providers/agent.ts';
import type {
  ModelConnector,
  ModelReply,
  ModelRequest,
  ProviderFault,
} from '../../domain/providers/model-connector.ts';
import { sha256Of } from '../../infra/signing.ts';
import type {
  BeginResult,
  ExtendInput,
  ExtendResult,
  ReleaseInput,
  SettleInput,
  SettleResult,
  TurnStore,
} from '../../infra/stores/turn-store.ts';
import { planWith } from '../support/plans.ts';
import { agentAt } from '../support/providers.ts';

/** What a model does when it is asked: it replies, it fails, or it waits until it is stopped. */
export type ModelAct = Partial<ModelReply> | { readonly fault: ProviderFault } | 'waits';

/** How a house is furnished. */
export interface HouseFields {
  readonly plan?: Partial<Plan>;
  readonly agents?: readonly Agent[];
  /** What the models do, call by call. */
  readonly acts?: readonly ModelAct[];
  /** What the store answers to whoever wants to hold more; `extended` unless said. */
  readonly extension?: ExtendResult;
  /** What the store answers to whoever settles; that it is settled unless said. */
  readonly settlement?: SettleResult;
  /** What the store answers, begin by begin; the last one again and again. */
  readonly begins?: readonly BeginResult[];
  /** What storing meets, write by write, before it works: of artifacts, extensions and settlements. */
  readonly storeFaults?: readonly unknown[];
}

/** Everything around one turn, in memory. */
export interface TurnHouse {
  readonly deps: AskAgentDeps;
  readonly calls: CallsUnderWay;
  readonly requests: (ModelRequest & { readonly model: string })[];
  readonly settled: SettleInput[];
  readonly released: ReleaseInput[];
  readonly extended: ExtendInput[];
  readonly faults: string[];
  readonly texts: Map<string, string>;
  /** Resolves when a model that waits was asked. */
  readonly waiting: Promise<void>;
  /** Asks seat `s1` for its proposal, and gives the fact that the workflow makes of the answer. */
  ask(environment?: MockActivityEnvironment): Promise<TurnFact>;
}

/** A reply in good form. */
export const goodReply: Partial<ModelReply> = {
  text: JSON.stringify({
    answer: 'yes',
    rationale: 'It fits.',
    evidence: ['We run it already.'],
    confidence: 0.8,
  }),
};

/** An agent whose prices make a call's cost easy to reckon: 1 micro-dollar a token. */
export function pricedAgent(name: string, fields: Partial<Agent> = {}): Agent {
  const price = {
    inputMicrosUsdPerMillion: 1_000_000,
    cachedMicrosUsdPerMillion: 1_000_000,
    outputMicrosUsdPerMillion: 1_000_000,
    asOf: '2026-11-01',
  };
  return agentAt('http://127.0.0.1:9', {
    provider: 'openai-compatible',
    name,
    model: `${name}-model`,
    price,
    ...fields,
  });
}

/** An activity's surroundings at its n-th attempt, in the workflow of the run. */
export function environmentAt(attempt = 1): MockActivityEnvironment {
  return new MockActivityEnvironment(
    { attempt, workflowExecution: { workflowId: 'debate/c_tested', runId: 'run' } },
    { logger: new DefaultLogger('ERROR') }, // failures are what is tested
  );
}

/** Furnishes a house. */
export function turnHouse(fields: HouseFields = {}): TurnHouse {
  const { agents = [pricedAgent('a1')], acts = [goodReply] } = fields;
  const file = openedFile(planWith(fields.plan));
  const waits = Promise.withResolvers<undefined>();
  const kept = { requests: [], settled: [], released: [], extended: [], faults: [] } as Pick<
    TurnHouse,
    'requests' | 'settled' | 'released' | 'extended' | 'faults'
  >;
  const texts = new Map<string, string>();
  const calls = createCallsUnderWay();
  const pendingActs = [...acts];
  const storing = stumbling(fields.storeFaults ?? []);
  const deps: AskAgentDeps = {
    workerId: 'w1',
    now: () => Date.parse('2026-11-21T10:00:00.000Z'),
    sha256: sha256Of,
    calls,
    caseFiles: { open: () => Promise.resolve(file) },
    materials: { sourcesOf: () => Promise.resolve([]) },
    agentOf: (_tenantId, name) => Promise.resolve(agents.find((agent) => agent.name === name)),
    accounts: {
      reportFault: ({ account, disposition }) => {
        kept.faults.push(`${account} ${disposition}`);
        return Promise.resolve();
      },
    },
    artifacts: {
      put: (_tenantId, bytes) =>
        storing(() => {
          const sha256 = sha256Of(bytes);
          texts.set(sha256, new TextDecoder().decode(bytes));
          return { sha256 };
        }),
    },
    liveTextOf: () => undefined,
    turns: turnStore(kept, fields, storing),
    connectorOf: (_tenantId, agent) =>
      connector(agent, (request) => {
        kept.requests.push({ ...request, model: agent.model });
        const act = pendingActs.shift();
        if (act === 'waits') waits.resolve(undefined);
        return performed(act, agent, request.signal);
      }),
  };
  return {
    ...kept,
    deps,
    calls,
    texts,
    waiting: waits.promise,
    ask: async (environment = environmentAt()) => {
      const input = ['local', 'proposal-1-s1'] as const;
      const ask = createAskAgent(deps);
      const ending: TurnEnding = await environment.run(async () => await ask(input));
      return unpackEnding(turnRef('proposal', 1, 's1'), ending);
    },
  };
}

function openedFile(plan: Plan): CaseFile {
  const opened = { question: 'Shall we?', options: ['yes', 'no'], materials: [], personas: {} };
  const events = openingFacts(plan).map((fact, index) => ({
    seq: index + 1,
    fact,
    content: fact.type === 'collaboration.opened' ? opened : undefined,
  }));
  return caseFileOf(events, machines);
}

function turnStore(
  kept: Pick<TurnHouse, 'settled' | 'released' | 'extended'>,
  fields: HouseFields,
  storing: Storing,
): TurnStore {
  const { begins = [{ kind: 'begun', attempts: 1 }], extension = 'extended' } = fields;
  const pending = [...begins];
  return {
    begin: () => {
      const [next] = pending.length > 1 ? pending.splice(0, 1) : pending;
      return next === undefined ? unused() : Promise.resolve(next);
    },
    settle: (input) =>
      storing(() => {
        kept.settled.push(input);
        return fields.settlement ?? { kind: 'settled', fact: input.outcome.fact };
      }),
    extend: (input) =>
      storing(() => {
        kept.extended.push(input);
        return extension;
      }),
    release: (input) => {
      kept.released.push(input);
      return Promise.resolve();
    },
    recordFacts: unused,
    endAbandoned: unused,
    inFlightOf: unused,
    openRuns: unused,
    outstandingOf: unused,
  };
}

type Storing = <T>(store: () => T) => Promise<T>;

function stumbling(faults: readonly unknown[]): Storing {
  const pending = [...faults];
  return async (store) => {
    if (pending.length > 0) throw await Promise.resolve(pending.shift());
    return store();
  };
}

function unused(): Promise<never> {
  return Promise.reject(new Error('asking an agent does not need this'));
}

function connector(agent: Agent, ask: ModelConnector['ask']): ModelConnector {
  return {
    provider: agent.provider,
    model: agent.model,
    simulated: agent.simulated,
    capabilities: {
      streaming: true,
      structuredOutput: true,
      vision: false,
      systemPrompt: true,
      promptCaching: false,
    },
    ask,
    probe: unused,
  };
}

async function performed(
  act: ModelAct | undefined,
  agent: Agent,
  signal: AbortSignal,
): Promise<ModelReply> {
  if (act === undefined) throw new Error(`${agent.name} was asked more often than expected`);
  if (act === 'waits') return await stopped(signal);
  if ('fault' in act) throw new ProviderFaultError(act.fault);
  return {
    text: '',
    finish: 'stop',
    usage: { inputTokens: 100, cachedTokens: 0, outputTokens: 50 },
    model: agent.model,
    ...act,
  };
}

async function stopped(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    const give = (): void => {
      reject(new ProviderFaultError(faultWith({ code: 'cancelled', disposition: 'never' })));
    };
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

/** A provider's fault; one that passes, unless it is said otherwise. */
export function faultWith(fields: Partial<ProviderFault> = {}): ProviderFault {
  return {
    disposition: 'retry-after',
    code: 'overloaded',
    message: 'the provider answered 529',
    status: 529,
    retryAfterMs: 1500,
    ...fields,
  };
}

/** What a call is rejected with, as Temporal sees it. */
export async function failureOf(asked: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await asked.then(
    () => new Error('expected a failure'),
    (reason: unknown) => reason,
  );
  if (error instanceof ApplicationFailure) return error;
  throw error;
}
