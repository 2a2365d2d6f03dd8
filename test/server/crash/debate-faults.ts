import { isDeepStrictEqual } from 'node:util';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import { turnRef } from '../../../domain/collaboration/fact.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import { factOf } from '../../../domain/ledger/event.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { verifyChain } from '../../../domain/ledger/chain.ts';
import { verifyRecord } from '../../../domain/ledger/verification.ts';
import { foldRun } from '../../../domain/machines.ts';
import type { CallCount } from '../../../infra/simulated/call-log.ts';
import { asJson } from '../../support/as-json.ts';
import { within } from '../../support/within.ts';
import type { CrashLab } from './crash-lab.ts';
import type { Snapshot } from './crashed-debate.ts';

/** A debate that has ended, and what is known about it. */
export interface EndedDebate {
  readonly id: string;
  readonly models: readonly string[];
  readonly rounds: number;
  /** What was there at the kill; calls may be made again only for what was in flight then. `null`: none may. */
  readonly atKill: Snapshot | null;
  /** Rounds that a fork took over from its origin, and what had been asked before it began. */
  readonly takenOver?: { readonly rounds: number; readonly calls: readonly CallCount[] };
}

const RESULT_WITHIN_MS = 60_000;

/** Says everything that is wrong with a debate that has ended; nothing when it is as if there had been no crash. */
export async function faultsOf(lab: CrashLab, debate: EndedDebate): Promise<readonly string[]> {
  const { id } = debate;
  const events = await eventsOf(lab, id);
  return [
    ...(await runFaults(lab, { id, pattern: 'debate' })),
    ...turnFaults(debate, events),
    ...callFaults(debate, await lab.calls(debate.models)),
  ];
}

/** A run, whatever it is about. */
export interface AnyRun {
  readonly id: string;
  readonly pattern: string;
  /** Whether Temporal has forgotten it, as it may a run that had ended. */
  readonly isForgotten?: boolean;
}

/** Says what is wrong with any run that has ended with a decision. */
export async function runFaults(
  lab: CrashLab,
  { id, pattern, isForgotten = false }: AnyRun,
): Promise<readonly string[]> {
  const events = await eventsOf(lab, id);
  return [
    ...(await courseFaults(lab, id)),
    ...chainFaults(events),
    ...(await recordFaults(lab, id, events)),
    ...(isForgotten ? [] : await stateFaults(lab, { id, pattern }, events)),
    ...(await budgetFaults(lab, id)),
  ];
}

/** Reads all events over the API. */
export async function eventsOf(lab: CrashLab, id: string): Promise<readonly LedgerEvent[]> {
  const { items } = await lab.api<{ items: LedgerEvent[] }>(
    `/v1/collaborations/${id}/events?limit=500`,
  );
  return items;
}

async function courseFaults(lab: CrashLab, id: string): Promise<readonly string[]> {
  const { status, decision } = await lab.api<{
    status: string;
    decision: { kind: string } | null;
  }>(`/v1/collaborations/${id}`);
  return [
    ...(status === 'completed' ? [] : [`status: got ${status}, expected completed`]),
    ...(decision?.kind === 'decided' ? [] : [`decision: got ${String(decision?.kind)}`]),
  ];
}

function chainFaults(events: readonly LedgerEvent[]): readonly string[] {
  const verdict = verifyChain(events, cryptography.sha256);
  return verdict.ok ? [] : [`chain: ${verdict.message}`];
}

async function recordFaults(
  lab: CrashLab,
  id: string,
  events: readonly LedgerEvent[],
): Promise<readonly string[]> {
  const record = await lab.api<object>(`/v1/collaborations/${id}/record`);
  return verifyRecord({ record, events }, cryptography)
    .filter(({ ok }) => !ok)
    .map(({ check, message }) => `record, ${check}: ${message}`);
}

/** Every turn that was to be asked has ended exactly once, and by an answer. */
function turnFaults(
  { rounds, models }: EndedDebate,
  events: readonly LedgerEvent[],
): readonly string[] {
  const wanted = Array.from({ length: rounds }, (_, round) =>
    models.map(
      (_model, seat) =>
        turnRef(round === 0 ? 'proposal' : 'revision', round + 1, `s${String(seat + 1)}`).turn,
    ),
  ).flat();
  const endings = events.flatMap(({ data, type }) =>
    typeof data['turn'] === 'string' ? [{ turn: data['turn'], type }] : [],
  );
  const other = endings.filter(({ type }) => type !== 'conclave.position.submitted.v1');
  return [
    ...wanted.flatMap((turn) => {
      const count = endings.filter((ending) => ending.turn === turn).length;
      return count === 1 ? [] : [`${turn} has ${String(count)} endings`];
    }),
    ...endings
      .filter(({ turn }) => !wanted.includes(turn))
      .map(({ turn }) => `${turn} was not to be asked`),
    ...other.map(({ turn, type }) => `${turn} ended as ${type}`),
  ];
}

async function stateFaults(
  lab: CrashLab,
  { id, pattern }: AnyRun,
  events: readonly LedgerEvent[],
): Promise<readonly string[]> {
  const handle = lab.temporal.client.workflow.getHandle(`${pattern}/${id}`);
  const outcome = await within<{ kind: string }>(
    RESULT_WITHIN_MS,
    'the end of the workflow',
    (resolve, reject) => void handle.result().then(resolve, reject),
  );
  const state = await handle.query<RunState>('state');
  const folded = foldRun(events.map(factOf).filter((fact) => fact !== undefined));
  return [
    ...(outcome.kind === 'decided' ? [] : [`workflow: got ${outcome.kind}`]),
    ...(isDeepStrictEqual(asJson(state), asJson(folded))
      ? []
      : [`state: got ${JSON.stringify(state)}, the ledger folds to ${JSON.stringify(folded)}`]),
  ];
}

/** Nothing stays reserved, no turn stays in flight. */
async function budgetFaults(lab: CrashLab, id: string): Promise<readonly string[]> {
  const [budget] = await lab.sql<{ tokens: number; micros: number }[]>`
    select reserved_tokens::float8 as tokens, reserved_micros::float8 as micros
    from conclave.budgets where collaboration_id = ${id}`;
  const turns = await lab.sql<{ turn: string; state: string }[]>`
    select turn, state from conclave.turns where collaboration_id = ${id} and state <> 'settled'`;
  const isClear = budget?.tokens === 0 && budget.micros === 0;
  return [
    ...(isClear ? [] : [`budget: still reserved: ${JSON.stringify(budget)}`]),
    ...turns.map(({ turn, state }) => `${turn} is still ${state}`),
  ];
}

/** Each model was asked once a round, but for rounds taken over; once more only where the call was in flight at the kill. */
function callFaults(debate: EndedDebate, calls: readonly CallCount[]): readonly string[] {
  const { models, rounds } = debate;
  return models.flatMap((model, seat) => {
    const asked = calls.filter((call) => call.model === model);
    if (asked.length !== rounds) {
      return [`${model} got ${String(asked.length)} prompts, expected ${String(rounds)}`];
    }
    return asked.flatMap((call, round) => {
      const task = round === 0 ? 'proposal' : 'revision';
      const { turn } = turnRef(task, round + 1, `s${String(seat + 1)}`);
      const most = mostCalls(debate, { turn, round, call });
      if (call.calls <= most) return [];
      return [`${turn} was asked ${String(call.calls)} times, expected at most ${String(most)}`];
    });
  });
}

/** How often the prompt of a turn may have been sent. */
function mostCalls(
  { atKill, takenOver }: EndedDebate,
  { turn, round, call }: { turn: string; round: number; call: CallCount },
): number {
  const isTakenOver = round < (takenOver?.rounds ?? 0);
  const once = (countIn(takenOver?.calls, call) ?? 0) + (isTakenOver ? 0 : 1);
  const before = countIn(atKill?.calls, call);
  const wasInFlight = before !== undefined && atKill?.ended.has(turn) === false;
  return wasInFlight ? before + 1 : Math.max(once, before ?? once);
}

/** How often a prompt had been sent. */
function countIn(
  calls: readonly CallCount[] | undefined,
  { promptSha256 }: CallCount,
): number | undefined {
  return calls?.find((call) => call.promptSha256 === promptSha256)?.calls;
}
