import { createHash } from 'node:crypto';

import { turnRef } from '../../../domain/collaboration/fact.ts';
import type { FactOf, TurnFact, TurnRef, TurnTask } from '../../../domain/collaboration/fact.ts';
import type { BudgetLimits, Plan } from '../../../domain/collaboration/plan.ts';
import { eventOf } from '../../../domain/ledger/event.ts';
import type {
  LedgerEvent,
  NewEvent,
  TurnContent,
  TurnOutcome,
} from '../../../domain/ledger/event.ts';
import { createDatabase } from '../../../infra/database/connection.ts';
import type { Database } from '../../../infra/database/connection.ts';
import type { BudgetState, NewCollaboration } from '../../../infra/stores/collaboration-store.ts';
import { createStores } from '../../../infra/stores/stores.ts';
import type { Stores } from '../../../infra/stores/stores.ts';
import { createTenantAdministration } from '../../../infra/stores/tenant-store.ts';
import type {
  BeginInput,
  RecordInput,
  SettleInput,
  Try,
  TurnStore,
} from '../../../infra/stores/turn-store.ts';
import { freshDatabase } from '../../support/postgres.ts';
import type { TestDatabase, TestServer } from '../../support/postgres.ts';

export const time = '2026-03-01T10:00:00.000Z';
export const account = 'openai|https://models.test|KEY';
export const zeros = '0'.repeat(64);

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Stores on a fresh database with two tenants, `one` and `two`, whose keys are `key-one` and `key-two`. */
export interface StoreFixture {
  readonly database: TestDatabase;
  readonly pool: Database;
  /** As the owner, who sees everything. */
  readonly owner: Database;
  readonly stores: Stores;
  /** Opens a run of tenant `one` under this id, and gives the id. */
  openRun(id: string, budget?: BudgetLimits): Promise<string>;
  budgetOf(id: string): Promise<BudgetState | undefined>;
  eventsOf(id: string): Promise<readonly LedgerEvent[]>;
  close(): Promise<void>;
}

export async function openFixture(server?: TestServer): Promise<StoreFixture> {
  const database = await freshDatabase(server);
  const pool = createDatabase({
    url: database.appUrl,
    connectionsMax: 8,
    applicationName: 'test-stores',
  });
  const owner = createDatabase({
    url: database.ownerUrl,
    connectionsMax: 2,
    applicationName: 'test-owner',
  });
  const administration = createTenantAdministration({ ownerUrl: database.ownerUrl });
  for (const name of ['one', 'two']) {
    await administration.createTenant({ tenantId: name, name, apiKey: `key-${name}` });
  }
  await administration.close();
  const stores = createStores(pool);
  return {
    database,
    pool,
    owner,
    stores,
    openRun: async (id, budget = unlimited) => {
      await stores.collaborations.create(newRun(id, { budget }));
      return id;
    },
    budgetOf: async (id) => (await stores.collaborations.get('one', id))?.budget,
    eventsOf: (id) => stores.ledger.readUpTo({ tenantId: 'one', stream: id }),
    close: async () => {
      await Promise.all([pool.close(), owner.close()]);
      await database.drop();
    },
  };
}

export function planWith(budget: BudgetLimits): Plan {
  return {
    pattern: 'debate',
    seed: 'ab',
    seats: ['s1', 's2', 's3', 's4', 's5'].map((seat) => ({
      seat,
      agent: `agent-${seat}`,
      personas: [],
      weight: 1,
      simulated: true,
    })),
    protocol: { kind: 'plurality' } as Plan['protocol'],
    optionKeys: ['o1', 'o2'],
    grouping: 'exact',
    rounds: 3,
    depth: 'combined',
    stopOnStability: false,
    endsEarly: false,
    synthesis: false,
    chair: { seat: 'chair', agent: 'agent-s1', personas: [], weight: 1, simulated: true },
    allowFallback: false,
    budget,
    deadlineMs: null,
    maxOutputTokens: 500,
    promptTokens: 100,
    thoroughness: 0.5,
  } satisfies Plan;
}

export const unlimited: BudgetLimits = { tokens: null, microsUsd: null };

export function newRun(
  collaborationId: string,
  more: Partial<NewCollaboration> & { readonly budget?: BudgetLimits } = {},
): NewCollaboration {
  const { budget = unlimited, ...fields } = more;
  const plan = planWith(budget);
  return {
    tenantId: 'one',
    collaborationId,
    question: 'Should we move the archive?',
    request: { pattern: 'debate', question: 'Should we move the archive?' },
    plan,
    estimate: {
      calls: 15,
      inputTokens: 1500,
      outputTokens: 500,
      microsUsd: null,
      oneRoundTokens: 700,
      oneRoundMicrosUsd: null,
    },
    createdAt: time,
    events: [
      eventOf(
        { type: 'collaboration.opened', plan },
        { id: `${collaborationId}/opened`, source: '/api', subject: collaborationId, time },
      ),
    ],
    idempotency: null,
    ...fields,
  };
}

export function beginOf(
  collaborationId: string,
  turn: TurnRef,
  more: Partial<BeginInput> = {},
): BeginInput {
  return {
    tenantId: 'one',
    collaborationId,
    turn,
    workflowId: `debate/${collaborationId}`,
    workerId: 'worker-1',
    account,
    limits: {},
    reserve: { tokens: 100, microsUsd: 1000 },
    time,
    source: `/collaborations/${collaborationId}/seats/${turn.seat}`,
    ...more,
  };
}

export function positionOf(
  turn: TurnRef,
  more: Partial<FactOf<'position.submitted'>> = {},
): TurnOutcome {
  const fact: FactOf<'position.submitted'> = {
    type: 'position.submitted',
    ...turn,
    choice: { kind: 'single', option: 'o1' },
    vetoes: [],
    confidence: 0.5,
    citing: null,
    usage: { inputTokens: 40, cachedTokens: 0, outputTokens: 20 },
    microsUsd: 600,
    ...more,
  };
  return { fact, content: contentOf('yes') };
}

export function contentOf(answer: string): TurnContent {
  return {
    answer,
    rationale: 'It is the smaller risk.',
    evidence: [],
    critiques: [],
    model: 'test-model',
    agent: 'agent',
    simulated: true,
    finish: 'stop',
    repaired: null,
    promptSha256: zeros,
    latencyMs: 5,
    leftOut: [],
  };
}

export function settleOf(
  collaborationId: string,
  turn: TurnRef,
  outcome: TurnOutcome = positionOf(turn),
  tried: SettleInput['tried'] = firstTry,
): SettleInput {
  return {
    tenantId: 'one',
    collaborationId,
    turn,
    outcome,
    tried,
    time,
    source: `/collaborations/${collaborationId}/seats/${turn.seat}`,
  };
}

/** Settles a turn that nobody else asks for; gives the fact that stands. */
export async function settledFact(
  turns: Pick<TurnStore, 'settle'>,
  input: SettleInput,
): Promise<TurnFact> {
  const result = await turns.settle(input);
  if (result.kind === 'taken') throw new Error(`${input.turn.turn}: is somebody else’s`);
  return result.fact;
}

/** The try in which `beginOf` begins a turn, unless it was begun before. */
export const firstTry: Try = { workerId: 'worker-1', attempt: 1 };

export function closingOf(collaborationId: string, awaited: readonly string[]): RecordInput {
  return {
    tenantId: 'one',
    collaborationId,
    facts: [
      {
        id: `${collaborationId}/closed-1`,
        fact: { type: 'round.closed', round: 1, phase: 'proposal', reason: 'deadline' },
      },
    ],
    awaited,
    time,
    source: '/workflows/debate',
  };
}

export function eventNamed(id: string, data: Record<string, unknown> = { n: 1 }): NewEvent {
  return {
    id,
    type: 'conclave.closing.requested.v1',
    source: '/tests',
    subject: 'test',
    time,
    data,
  };
}

export const proposal = (seat: string, task: TurnTask = 'proposal'): TurnRef =>
  turnRef(task, 1, seat);
