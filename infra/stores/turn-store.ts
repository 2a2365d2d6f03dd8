import { randomUUID } from 'node:crypto';

import { turnNamed } from '../../domain/collaboration/case-file.ts';
import { lostCalls } from '../../domain/collaboration/lost-calls.ts';
import type { LostCalls, TurnFact, TurnRef } from '../../domain/collaboration/fact.ts';
import type { Pattern } from '../../domain/collaboration/plan.ts';
import type { AgentLimits } from '../../domain/providers/agent.ts';
import { noUsage } from '../../domain/providers/usage.ts';
import { persistently } from '../database/persistence.ts';
import { readOutstanding, recordFacts } from './fact-recording.ts';
import type { RecordInput, RecordResult } from './fact-recording.ts';
import type { GroupCommit, Operation, OperationResult } from './group-commit.ts';
import type { RunStoreDeps } from './store-deps.ts';
import { turnFactIn } from './stored-event.ts';
import type { Try, TurnKey } from './turn-key.ts';
import { endTurn, isAnswer, lostTry, settleTurn } from './turn-settling.ts';
import type { SettleInput, SettleResult, StoredTry } from './turn-settling.ts';

export type { Try, TurnKey } from './turn-key.ts';
export type { RecordInput, RecordResult } from './fact-recording.ts';
export type { IdentifiedFact } from './recorded-facts.ts';
export type { SettleInput, SettleResult } from './turn-settling.ts';

/** What it takes to begin a turn. */
export interface BeginInput extends TurnKey {
  readonly workflowId: string;
  readonly workerId: string;
  /** See `accountOf` in domain/providers/agent.ts. */
  readonly account: string;
  readonly limits: AgentLimits;
  /** What the call may cost at most; `microsUsd` is null where the price is unknown. */
  readonly reserve: { readonly tokens: number; readonly microsUsd: number | null };
  /** Time and source of the event, if this ends in one. */
  readonly time: string;
  readonly source: string;
}

/** Why a provider has no room for a call now. */
export type NoRoomReason = 'rate' | 'concurrency' | 'breaker';

/** What a begin came to. */
export type BeginResult =
  /** The turn has its fact already: it is never asked again. */
  | { readonly kind: 'recorded'; readonly fact: TurnFact }
  /** Budget reserved, slot taken, in flight noted. `attempts` counts this one; `lost` are earlier ones, absent where none is. */
  | { readonly kind: 'begun'; readonly attempts: number; readonly lost?: LostCalls }
  /** The budget has no room; `turn.refused` is in the ledger. */
  | { readonly kind: 'refused'; readonly fact: TurnFact }
  /** Nothing was reserved. `downMs`: how long this turn has been finding its provider down, without an answer to anybody. */
  | {
      readonly kind: 'no-room';
      readonly reason: NoRoomReason;
      readonly retryAfterMs: number;
      readonly downMs: number;
    }
  /** Its pass has closed; nothing was started; `turn.cancelled` is in the ledger, unless the run is sealed. */
  | { readonly kind: 'cancelled'; readonly fact: TurnFact };

/** What it takes to give a turn back. */
export interface ReleaseInput extends TurnKey, Try {
  /** Whether the call may have been paid: then what was reserved for it stays so until the turn ends. */
  readonly mayHaveCost: boolean;
}

/** What it takes to hold more for a turn: `reserve` is the whole, what it holds already included. */
export interface ExtendInput extends TurnKey, Try {
  readonly reserve: BeginInput['reserve'];
}

/**
 * What an extension came to. `no-room`: the budget has none. `over`: the turn has ended, or its pass has closed. `taken`:
 * another try holds it.
 */
export type ExtendResult = 'extended' | 'no-room' | 'over' | 'taken';

/** A turn that a worker had in its hands. */
export interface TurnInFlight {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly turn: string;
  readonly workflowId: string;
}

/** A run that has not ended. */
export interface OpenRun {
  readonly collaborationId: string;
  readonly pattern: Pattern;
  /** The worker that made its latest call; null before the first one. */
  readonly workerId: string | null;
}

/**
 * Turns: who asks what, at whose cost. All four writing methods lock the run's stream first, so their order is strict,
 * and all are repeatable: after a failure of the connection the caller may simply call again.
 */
export interface TurnStore {
  /**
   * Begins a turn: reserves its budget, takes the provider's slot and notes the worker, or says why not. A turn that
   * an earlier try left in flight changes hands; what is reserved for that try stays so, for it may have been paid.
   */
  begin(input: BeginInput): Promise<BeginResult>;
  /**
   * Records how a call ended: fact, cost, event and notification in one transaction. Unknown usage is settled at what
   * was reserved. If the pass has closed meanwhile the fact becomes `turn.cancelled` with the same cost and content.
   * An answer ends the turn whoever asks for it by then; anything else only while nobody but its own try does.
   */
  settle(input: SettleInput): Promise<SettleResult>;
  /** Reserves more for a turn in flight, for another call within it; without room it holds what it held. */
  extend(input: ExtendInput): Promise<ExtendResult>;
  /**
   * Gives back the slot and, unless the call may have been paid, the reservation after a failure that will be tried
   * again. A settled turn stays as it is, and so does one that has changed hands meanwhile.
   */
  release(input: ReleaseInput): Promise<void>;
  /** Ends, as cancelled, every turn of a run that nobody will ask for again and for which a call may have been paid. */
  endAbandoned(
    input: Pick<RecordInput, 'tenantId' | 'collaborationId' | 'time' | 'source'>,
  ): Promise<void>;
  /**
   * Appends facts in order, with what they do to the run's status and budget. Closing facts cancel all awaited turns in
   * the same transaction and tell their workers, unless one of them was settled: then nothing is recorded. Nor is it
   * when the ledger has something else under these ids, or more than the workflow knows: a worker had died, or Temporal
   * has forgotten.
   */
  recordFacts(input: RecordInput): Promise<RecordResult>;
  /** Lists the turns of a run that were asked and have not ended. */
  outstandingOf(run: Pick<TurnKey, 'tenantId' | 'collaborationId'>): Promise<string[]>;
  /** Lists, across tenants, the turns that a worker holds, and those it settled within the last minute. */
  inFlightOf(workerId: string): Promise<TurnInFlight[]>;
  /** Lists, across tenants, the runs that have not ended; the newest thousand. */
  openRuns(): Promise<OpenRun[]>;
}

/** How often a begin looks again because its turn changed hands between two looks. */
const looksMax = 4;

/**
 * Opens the store of turns.
 *
 * @param deps - the database, and the group commit that this process's stores share
 */
export function createTurnStore(deps: RunStoreDeps): TurnStore {
  const { groupCommit } = deps;
  return {
    begin: (input) => begin(groupCommit, input),
    settle: (input) => settleTurn(groupCommit, input, isAnswer(input.outcome.fact)),
    extend: (input) => extend(groupCommit, input),
    release: async ({ tenantId, collaborationId, turn, workerId, attempt, mayHaveCost }) => {
      const held = { turn: turn.turn, worker: workerId, attempt, mayHaveCost };
      await groupCommit.perform(tenantId, { k: 'release', s: collaborationId, ...held });
    },
    endAbandoned: (input) => endAbandoned(deps, input),
    recordFacts: (input) => recordFacts(deps, input),
    outstandingOf: ({ tenantId, collaborationId }) =>
      deps.database.withTenant(tenantId, (sql) => readOutstanding(sql, tenantId, collaborationId)),
    inFlightOf: async (workerId) => {
      const rows = await persistently(
        () => deps.database.sql<TurnRow[]>`select * from conclave.turns_of_worker(${workerId})`,
      );
      return rows.map((row) => ({
        tenantId: row.tenant_id,
        collaborationId: row.collaboration_id,
        turn: row.turn,
        workflowId: row.workflow_id,
      }));
    },
    openRuns: async () => {
      const rows = await deps.database.sql<RunRow[]>`select * from conclave.runs_open()`;
      return rows.map((row) => ({
        collaborationId: row.collaboration_id,
        pattern: row.pattern,
        workerId: row.worker_id,
      }));
    },
  };
}

interface TurnRow {
  readonly tenant_id: string;
  readonly collaboration_id: string;
  readonly turn: string;
  readonly workflow_id: string;
}

interface RunRow {
  readonly collaboration_id: string;
  readonly pattern: Pattern;
  readonly worker_id: string | null;
}

async function begin(groupCommit: GroupCommit, input: BeginInput): Promise<BeginResult> {
  for (let look = 0; look < looksMax; look += 1) {
    const begun = await beginOnce(groupCommit, input);
    if (begun !== 'taken') return begun;
  }
  throw new Error(`turn ${input.turn.turn} of ${input.collaborationId} cannot be begun`);
}

async function beginOnce(
  groupCommit: GroupCommit,
  input: BeginInput,
): Promise<BeginResult | 'taken'> {
  const { limits, turn } = input;
  const isLimited = limits.requestsPerMinute !== undefined || limits.concurrent !== undefined;
  const result = await groupCommit.perform(
    input.tenantId,
    beginOperation(input),
    isLimited ? { account: input.account } : {},
  );
  switch (result.k) {
    case 'begun':
      return begunNow(result);
    case 'no-room':
      return noRoom(result);
    case 'refused':
      return await refuse(groupCommit, input);
    case 'cancelled':
      return begunAs(await endTurn(groupCommit, { ...input, ...endedAs(unasked(turn)) }));
    case 'sealed':
      return begunAs(unasked(turn));
    case 'recorded':
      return begunAs(turnFactIn(result['event']));
    case undefined:
    default:
      throw new Error(`beginning ${turn.turn}: got ${String(result.k)}`);
  }
}

function begunNow(result: OperationResult): BeginResult {
  const tries = result['lost'] as readonly StoredTry[];
  const attempts = Number(result['attempts']);
  if (tries.length === 0) return { kind: 'begun', attempts };
  return { kind: 'begun', attempts, lost: lostCalls(tries.map(lostTry)) };
}

async function refuse(groupCommit: GroupCommit, input: BeginInput): Promise<BeginResult | 'taken'> {
  const fact: TurnFact = { type: 'turn.refused', reason: 'budget', ...input.turn };
  const ending = { ...input, ...endedAs(fact), tried: null };
  const ended = await settleTurn(groupCommit, ending, false);
  return ended.kind === 'taken' ? 'taken' : begunAs(ended.fact);
}

function endedAs(fact: TurnFact): Pick<SettleInput, 'outcome'> {
  return { outcome: { fact, content: null } };
}

function noRoom(result: OperationResult): BeginResult {
  const reason = result['reason'] as NoRoomReason;
  const downMs = Number(result['downMs'] ?? 0);
  return { kind: 'no-room', reason, retryAfterMs: Number(result['ms']), downMs };
}

async function extend(groupCommit: GroupCommit, input: ExtendInput): Promise<ExtendResult> {
  const result = await groupCommit.perform(input.tenantId, {
    k: 'extend',
    s: input.collaborationId,
    turn: input.turn.turn,
    worker: input.workerId,
    attempt: input.attempt,
    tokens: input.reserve.tokens,
    micros: input.reserve.microsUsd ?? 0,
  });
  return result.k as ExtendResult;
}

function beginOperation(input: BeginInput): Operation {
  return {
    k: 'begin',
    s: input.collaborationId,
    turn: input.turn.turn,
    worker: input.workerId,
    workflow: input.workflowId,
    id: randomUUID(),
    account: input.account,
    tokens: input.reserve.tokens,
    // Money of unknown price cannot be reserved; the settled cost counts once it is known.
    micros: input.reserve.microsUsd ?? 0,
    perMinute: input.limits.requestsPerMinute ?? null,
    concurrent: input.limits.concurrent ?? null,
  };
}

/** The end of a turn that was not begun; what earlier tries may have cost is told in it when it is settled. */
function unasked(turn: TurnRef): TurnFact {
  return { type: 'turn.cancelled', ...turn, usage: noUsage, microsUsd: 0 };
}

function begunAs(fact: TurnFact): BeginResult {
  if (fact.type === 'turn.refused') return { kind: 'refused', fact };
  if (fact.type === 'turn.cancelled') return { kind: 'cancelled', fact };
  return { kind: 'recorded', fact };
}

async function endAbandoned(
  { database, groupCommit }: RunStoreDeps,
  input: Pick<RecordInput, 'tenantId' | 'collaborationId' | 'time' | 'source'>,
): Promise<void> {
  const { tenantId, collaborationId } = input;
  const rows = await database.withTenant(
    tenantId,
    (sql) => sql<{ turn: string }[]>`
      select turn from conclave.turns
      where tenant_id = ${tenantId} and collaboration_id = ${collaborationId} and settled_seq is null
        and (worker_id is not null or lost <> '[]')
      order by turn`,
  );
  for (const row of rows) {
    const turn = turnNamed(row.turn);
    await endTurn(groupCommit, { ...input, turn, ...endedAs(unasked(turn)) });
  }
}
