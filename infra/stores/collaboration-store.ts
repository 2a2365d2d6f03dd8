import { factOf, type LedgerEvent, type NewEvent } from '../../domain/ledger/event.ts';
import { persistently } from '../database/persistence.ts';
import {
  listCollaborations,
  readCollaboration,
  readKeyedStart,
  readUnderWay,
} from './collaboration-rows.ts';
import { questionExcerptMax, listLimitMax } from './collaboration-terms.ts';
import type {
  NewCollaboration,
  CreateResult,
  KeyedStart,
  CollaborationSummary,
  Collaboration,
  ListInput,
  SealInput,
  RunUnderWay,
  Message,
} from './collaboration-terms.ts';
import { eventForm } from './event-form.ts';
import type { GroupCommit } from './group-commit.ts';
import { asStored } from './ledger-store.ts';
import type { RunStoreDeps } from './store-deps.ts';

export { collaborationStatuses, listLimitMax } from './collaboration-terms.ts';
export type {
  CollaborationStatus,
  DecisionSummary,
  NewCollaboration,
  CreateResult,
  KeyedStart,
  CollaborationSummary,
  Collaboration,
  BudgetState,
  ListInput,
  SealInput,
  RunUnderWay,
  Message,
} from './collaboration-terms.ts';

/** Collaborations: their rows, listing, idempotency keys and messages. */
export interface CollaborationStore {
  /** Opens a run: row, budget, first events and idempotency key in one transaction. Repeatable: the same id and key again is `created`. */
  create(input: NewCollaboration): Promise<CreateResult>;
  get(tenantId: string, collaborationId: string): Promise<Collaboration | undefined>;
  /** Finds what a caller's idempotency key has started, and with which body; undefined for a new key. */
  getByKey(tenantId: string, key: string): Promise<KeyedStart | undefined>;
  list(input: ListInput): Promise<CollaborationSummary[]>;
  /** Notes that the workflow began, running or paused; a run that is not queued stays as it is. */
  markRunning(input: {
    readonly tenantId: string;
    readonly collaborationId: string;
    readonly time: string;
    readonly isPaused?: boolean;
  }): Promise<void>;
  /** Notes that the run broke without a decision; an ended run stays as it is. */
  markFailed(input: {
    readonly tenantId: string;
    readonly collaborationId: string;
    readonly time: string;
  }): Promise<void>;
  /** Writes the end of a run together with its last event. Repeatable. */
  seal(input: SealInput): Promise<LedgerEvent>;
  /** Lists, across tenants, runs that are queued for longer than that: their start was lost. At most 100, oldest first. */
  queuedOlderThan(
    seconds: number,
  ): Promise<{ readonly tenantId: string; readonly collaborationId: string }[]>;
  /**
   * Lists, across tenants, runs that were started and have not ended, in an order in which a run that nobody works on
   * keeps its place.
   *
   * @param after - the last one of the page before; undefined for the first page
   */
  underWay(after: RunUnderWay | undefined, limit: number): Promise<RunUnderWay[]>;
  /** Keeps a message; false when the run does not exist. Repeatable by id. */
  addMessage(
    input: { readonly tenantId: string; readonly collaborationId: string } & Message,
  ): Promise<boolean>;
  getMessage(input: {
    readonly tenantId: string;
    readonly collaborationId: string;
    readonly messageId: string;
  }): Promise<Message | undefined>;
}

/**
 * Opens the store of collaborations.
 *
 * @param deps - the database, and the group commit that this process's stores share
 */
export function createCollaborationStore(deps: RunStoreDeps): CollaborationStore {
  const { database, groupCommit } = deps;
  return {
    create: (input) => create(groupCommit, input),
    seal: (input) => seal(deps, input),

    get: (tenantId, collaborationId) =>
      database.withTenant(tenantId, (sql) => readCollaboration(sql, tenantId, collaborationId)),

    getByKey: (tenantId, key) =>
      database.withTenant(tenantId, (sql) => readKeyedStart(sql, tenantId, key)),

    list: async (input) => {
      if (!Number.isInteger(input.limit) || input.limit < 1 || input.limit > listLimitMax) {
        throw new RangeError(
          `limit: got ${String(input.limit)}, expected 1 to ${String(listLimitMax)}`,
        );
      }
      return database.withTenant(input.tenantId, (sql) => listCollaborations(sql, input));
    },

    markRunning: async ({ tenantId, collaborationId: s, time, isPaused = false }) => {
      const as = isPaused ? { as: 'paused' } : {};
      await groupCommit.perform(tenantId, { k: 'mark', s, status: 'running', time, ...as });
    },

    markFailed: async ({ tenantId, collaborationId: s, time }) => {
      await groupCommit.perform(tenantId, { k: 'mark', s, status: 'failed', time });
    },

    queuedOlderThan: async (seconds) => {
      const rows = await persistently(
        () => database.sql<{ tenant_id: string; collaboration_id: string }[]>`
          select * from conclave.queued_older_than(${seconds})`,
      );
      return rows.map((row) => ({
        tenantId: row.tenant_id,
        collaborationId: row.collaboration_id,
      }));
    },

    underWay: async (after, limit) =>
      await persistently(() => readUnderWay(database, after, limit)),

    addMessage: ({ tenantId, collaborationId, messageId, author, text, createdAt }) =>
      database.withTenant(tenantId, async (sql) => {
        const [run] = await sql`
          with added as (
            insert into conclave.messages (tenant_id, collaboration_id, id, author, text, created_at)
            select tenant_id, id, ${messageId}, ${author}, ${storable(text)}, ${createdAt}::timestamptz
            from conclave.collaborations where tenant_id = ${tenantId} and id = ${collaborationId}
            on conflict do nothing
          )
          select from conclave.collaborations where tenant_id = ${tenantId} and id = ${collaborationId}`;
        return run !== undefined;
      }),

    getMessage: ({ tenantId, collaborationId, messageId }) =>
      database.withTenant(tenantId, async (sql) => {
        const [row] = await sql<{ author: string; text: string; created_at: Date }[]>`
          select author, text, created_at from conclave.messages
          where tenant_id = ${tenantId} and collaboration_id = ${collaborationId} and id = ${messageId}`;
        if (row === undefined) return undefined;
        const { author, text } = row;
        return { messageId, author, text, createdAt: row.created_at.toISOString() };
      }),
  };
}

async function create(groupCommit: GroupCommit, input: NewCollaboration): Promise<CreateResult> {
  const { collaborationId, plan, idempotency } = input;
  const turns = turnsIn(input.events);
  const result = await groupCommit.perform(input.tenantId, {
    k: 'open',
    s: collaborationId,
    row: {
      pattern: plan.pattern,
      simulated: [...plan.seats, plan.chair].some((seat) => seat.simulated),
      question: excerpt(input.question),
      createdAt: input.createdAt,
      request: JSON.stringify(input.request),
      plan: JSON.stringify(plan),
      estimate: JSON.stringify(input.estimate),
      ...(plan.origin === undefined ? {} : { origin: plan.origin.collaborationId }),
      ...(plan.parent === undefined
        ? {}
        : { parent: plan.parent.collaborationId, part: plan.parent.part }),
    },
    limits: { tokens: plan.budget.tokens, micros: plan.budget.microsUsd },
    ...(idempotency === null
      ? {}
      : { key: idempotency.key, requestSha256: idempotency.requestSha256 }),
    ...(turns.length === 0 ? {} : { turns }),
    ev: input.events.map((event) => eventForm(event, collaborationId)),
  });
  if (result.k === 'created') return { kind: 'created' };
  return {
    kind: result.k === 'replayed' ? 'replayed' : 'conflict',
    collaborationId: String(result['collaboration']),
  };
}

/** Turns that have ended before the run begins, as the database takes them. A stream's first event has the number 1. */
function turnsIn(events: readonly NewEvent[]): readonly (readonly [string, string, number])[] {
  return events.flatMap((event, index) => {
    const fact = factOf(event);
    if (fact === undefined || !('turn' in fact)) return [];
    const state = fact.type === 'turn.cancelled' ? 'cancelled' : 'settled';
    return [[fact.turn, state, index + 1] as const];
  });
}

async function seal(deps: RunStoreDeps, input: SealInput): Promise<LedgerEvent> {
  const { tenantId, collaborationId, event } = input;
  const result = await deps.groupCommit.perform(tenantId, {
    k: 'seal',
    s: collaborationId,
    status: input.status,
    time: event.time,
    record: input.recordSha256,
    transcript: input.transcriptSha256,
    decision: JSON.stringify(input.decision),
    ev: [eventForm(event, collaborationId)],
  });
  const stored = { tenantId, stream: collaborationId, events: [event] };
  const [sealed] = await asStored(deps.database, stored, result);
  if (sealed === undefined) throw new Error(`seal of ${collaborationId} is not in the ledger`);
  return sealed;
}

/** The first characters of a question; counted as code points, so that none is cut in two. */
function excerpt(question: string): string {
  const characters = Array.from(storable(question.slice(0, 2 * questionExcerptMax)));
  return characters.slice(0, questionExcerptMax).join('');
}

/** The database's text holds every character but number 0 and lone surrogates. */
function storable(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '\uFFFD');
}
