import {
  ActivityFailure,
  CancellationScope,
  isCancellation,
  log,
  setCurrentDetails,
} from '@temporalio/workflow';

import type { DecidedFact, RecordFactsResult } from '../activities/activities.ts';
import { isSettledBefore } from '../domain/approvals/approvals.ts';
import { chairSeat } from '../domain/collaboration/ballots.ts';
import { turnNamed } from '../domain/collaboration/case-file.ts';
import type { Fact, FactOf, TurnRef } from '../domain/collaboration/fact.ts';
import type { Plan } from '../domain/collaboration/plan.ts';
import type { RunState } from '../domain/collaboration/run-state.ts';
import { unpackEnding } from '../domain/collaboration/turn-ending.ts';
import { isOwn, type Resumption } from '../domain/ledger/resumption.ts';
import { foldRun, openingFacts } from '../domain/machines.ts';
import type { Machine, Step } from '../domain/collaboration/step.ts';
import { unknownUsage } from '../domain/providers/usage.ts';
import { askAgent, recordFacts, sealDecision } from './activity-proxies.ts';
import { detailsOf, recordSummaryOf, summaryOf } from './details.ts';

/** What starts a collaboration's workflow: ids and settings, never text. */
export interface CollaborationInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly plan: Plan;
  /** When it was asked for, RFC 3339; absent where no question was asked with it, and in starts by an older API. */
  readonly createdAt?: string;
  /** Where a run goes on that continued as new, or that Temporal had forgotten. */
  readonly resumed?: Resumption;
}

/** A machine on its way: the state, and what was asked of the outside and has not come back. */
export interface Run {
  readonly input: CollaborationInput;
  readonly machine: Machine<RunState>;
  state: RunState;
  /** Counts the facts folded in, so that a wait knows that something happened. */
  version: number;
  /** Counts the run's own facts that are folded in, so that the ledger can tell what was forgotten. */
  known: number;
  /** Counts the machine's own records: the ids of its facts derive from it. */
  decidedSteps: number;
  /** Ids of events that people or the clock caused and that were found in the ledger. */
  readonly found: Set<string>;
  /** Artifact of the sealed record, once there is one. */
  record: string | null;
  readonly asked: Map<string, { readonly scope: CancellationScope; readonly done: Promise<void> }>;
  /** Parts of an analysis that are under way, by name. */
  readonly parts: Map<string, AttendedPart>;
  /** When approvals were requested, milliseconds since 1970. */
  requestedAt: Readonly<Record<string, number>>;
  /** Approvals whose time runs. */
  readonly expiring: Set<string>;
  /** Records one after the other, so that the workflow folds in the ledger's order. */
  recording: Promise<unknown>;
}

/** A part that is under way. */
export interface AttendedPart {
  /** Its workflow, once it has begun. */
  workflowId: string | null;
  /** How the analysis stood when the part was told last; `null` where that is not known. */
  told: string | null;
  readonly done: Promise<void>;
}

/** Begins a run, whose first facts were recorded with its start, or goes on where it stood. */
export function createRun(input: CollaborationInput, machine: Machine<RunState>): Run {
  const { state, known, decidedSteps, outstanding, requestedAt } = input.resumed ?? opened(input);
  const run: Run = {
    input,
    machine,
    state,
    version: 0,
    known,
    decidedSteps,
    found: new Set(),
    record: null,
    asked: new Map(),
    parts: new Map(),
    requestedAt: requestedAt ?? {},
    expiring: new Set(),
    recording: Promise.resolve(),
  };
  askAgain(run, outstanding);
  return run;
}

function opened({ plan, createdAt }: CollaborationInput): Resumption {
  const facts = openingFacts(plan);
  const state = foldRun(facts);
  const begun = { state, known: facts.length, decidedSteps: 0, outstanding: [] };
  if (createdAt === undefined) return begun;
  const asked = Object.keys(state.approvals ?? {}).map((name) => [name, Date.parse(createdAt)]);
  return { ...begun, requestedAt: Object.fromEntries(asked) as Record<string, number> };
}

/** Turns that were asked before and have not ended are asked again, whatever became of their pass: they cost something. */
function askAgain(run: Run, outstanding: readonly string[]): void {
  if (outstanding.length === 0) return;
  void CancellationScope.nonCancellable(() => {
    askTurns(run, outstanding.map(turnNamed));
    return Promise.resolve();
  });
}

/** Folds facts into the run and lets the Temporal UI know. */
export function fold(run: Run, facts: readonly Fact[]): void {
  for (const fact of facts) {
    run.state = run.machine.evolve(run.state, fact);
    if (fact.type === 'approval.requested') {
      run.requestedAt = { [fact.approval]: Date.now(), ...run.requestedAt };
    }
  }
  run.version += facts.length;
  run.known += facts.filter(isOwn).length;
  setCurrentDetails(detailsOf(run.state));
}

/**
 * Records what the machine decides now and folds it in. It looks again once its turn has come, because a person's
 * step may have been recorded meanwhile.
 */
export async function recordDecided(run: Run): Promise<void> {
  await inTurn(run, async () => {
    const step = run.machine.next(run.state);
    if (step.kind !== 'record') return;
    const prefix = `${run.input.collaborationId}/step-${String(run.decidedSteps)}-`;
    const facts = step.facts.map((fact, index) => ({ id: `${prefix}${String(index)}`, fact }));
    if (isLast(step) && openTurns(run).length === 0) await sealWith(run, facts);
    else await recordStep(run, facts);
  });
}

async function recordStep(run: Run, facts: readonly DecidedFact[]): Promise<void> {
  if (await record(run, facts)) passStep(run);
}

function isLast(step: Step & { kind: 'record' }): boolean {
  return step.facts.some(({ type }) => type === 'decision.reached');
}

/** Seals the decision if it is not sealed yet, after every call has come back and every cost is settled. */
export async function sealRun(run: Run): Promise<string> {
  await settleOutstanding(run);
  await inTurn(run, async () => {
    if (run.record === null) await sealWith(run, []);
  });
  if (run.record === null) throw new Error('a run was sealed without a record');
  return run.record;
}

async function sealWith(run: Run, facts: readonly DecidedFact[]): Promise<void> {
  const { tenantId, collaborationId } = run.input;
  const sealed = await sealDecision.executeWithOptions({ summary: 'seal the decision' }, [
    { tenantId, collaborationId, facts, known: run.known },
  ]);
  run.record = sealed.record;
  takeIn(run, facts, sealed.instead ?? null);
}

/** A step is in the ledger: what it made obsolete is taken back, and the next one has the next number. */
function passStep(run: Run): void {
  run.decidedSteps += 1;
  cancelObsolete(run);
}

/** How often a workflow that finds itself behind looks again: others record for it only where they have died. */
const looksMax = 8;

/**
 * Records a fact that a person or the clock caused; `id` must be the same when it is tried again. After the verdict
 * nothing that they want is recorded any more, only what a call has cost.
 *
 * @returns whether it is in the ledger
 */
export async function recordCaused(run: Run, id: string, fact: Fact): Promise<boolean> {
  const decided = { id: eventId(run, id), fact };
  return await inTurn(run, async () => {
    for (let tries = 0; tries < looksMax; tries += 1) {
      if (wasRecorded(run, id)) return true;
      if (run.state.verdict !== null && !('turn' in fact)) return false;
      if (isSettledBefore(run.state, fact)) return false;
      if (await record(run, [decided])) return true;
    }
    throw new Error(`${id}: the ledger was ahead ${String(looksMax)} times`);
  });
}

/** Whether the ledger turned out to have what was caused under this id: a try that died had recorded it. */
export function wasRecorded(run: Run, id: string): boolean {
  return run.found.has(eventId(run, id));
}

function eventId({ input }: Run, id: string): string {
  return `${input.collaborationId}/${id}`;
}

/** Learns what the ledger has beyond what the run knows; nothing where there is nothing. */
export async function catchUp(run: Run): Promise<void> {
  await inTurn(run, async () => {
    await record(run, []);
  });
}

/** Whether the facts, or others in their place, are in the ledger and folded in; if not, there was something before. */
async function record(run: Run, facts: readonly DecidedFact[]): Promise<boolean> {
  const { tenantId, collaborationId } = run.input;
  const awaited = facts.some(({ fact }) => isClosing(run, fact)) ? openTurns(run) : [];
  const summary = recordSummaryOf(facts.map(({ fact }) => fact));
  const result = await recordFacts.executeWithOptions({ summary }, [
    { tenantId, collaborationId, facts, awaited, known: run.known },
  ]);
  takeIn(run, facts, result);
  return result === null || result.kind === 'replaced';
}

/** Whether nobody is waited for after this fact. A chair's task that decides what an analysis does next ends with it too. */
function isClosing({ input }: Run, { type }: Fact): boolean {
  if (type === 'round.closed') return true;
  return (
    input.plan.pattern === 'analysis' && (type === 'part.ended' || type === 'decision.reached')
  );
}

/** Folds in what a record came to; a run that was behind stands where the ledger does afterwards. */
function takeIn(run: Run, facts: readonly DecidedFact[], result: RecordFactsResult): void {
  if (result?.kind === 'behind') run.requestedAt = { ...run.requestedAt, ...result.requestedAt };
  fold(run, result === null ? facts.map(({ fact }) => fact) : result.facts);
  if (result?.kind !== 'behind') return;
  run.decidedSteps = result.decidedSteps;
  for (const id of result.caused ?? []) run.found.add(id);
  if (result.isSteered === true) forgetTold(run);
  cancelObsolete(run);
  askAgain(run, result.outstanding);
}

/** What its parts were told meanwhile, a run that was behind cannot know. */
function forgetTold({ parts }: Run): void {
  for (const attended of parts.values()) attended.told = null;
}

async function inTurn<T>(run: Run, work: () => Promise<T>): Promise<T> {
  const mine = run.recording.then(() => CancellationScope.nonCancellable(work));
  run.recording = mine.catch(() => undefined);
  return await mine;
}

/** Asks for every one of these turns that was not asked for yet. */
export function askTurns(run: Run, turns: readonly TurnRef[]): void {
  for (const turn of turns) {
    if (!run.asked.has(turn.turn)) askTurn(run, turn);
  }
}

function askTurn(run: Run, turn: TurnRef): void {
  const { tenantId } = run.input;
  const scope = new CancellationScope();
  const done = scope
    .run(() =>
      askAgent.executeWithOptions({ summary: summaryOf(run.state, turn) }, [[tenantId, turn.turn]]),
    )
    .then(
      (ending) => {
        fold(run, [unpackEnding(turn, ending)]);
      },
      (error: unknown) => giveUpOn(run, turn, error),
    );
  run.asked.set(turn.turn, { scope, done });
}

/**
 * A turn that no attempt could finish is an abstention. One that was cancelled between two attempts ends with the sealing
 * where one of them may have cost something; else it has cost nothing.
 */
async function giveUpOn(run: Run, turn: TurnRef, error: unknown): Promise<void> {
  if (isCancellation(error)) return;
  if (!(error instanceof ActivityFailure)) throw error;
  log.warn('a turn failed for good', { collaborationId: run.input.collaborationId, ...turn });
  const abstained: FactOf<'turn.abstained'> = {
    type: 'turn.abstained',
    ...turn,
    reason: 'provider-failed',
    usage: unknownUsage,
    microsUsd: null,
  };
  await recordCaused(run, turn.turn, abstained);
}

function openTurns(run: Run): readonly string[] {
  return [...run.asked.keys()].filter((turn) => !(turn in run.state.turns));
}

/** Takes back the calls that nobody waits for any more. The worker hears of it through the database first. */
function cancelObsolete(run: Run): void {
  for (const turn of openTurns(run)) {
    if (isObsolete(run.state, turnNamed(turn))) run.asked.get(turn)?.scope.cancel();
  }
}

function isObsolete({ pass, verdict }: RunState, { seat, task, round }: TurnRef): boolean {
  if (seat === chairSeat) return verdict !== null;
  return pass?.phase !== task || pass.round !== round;
}

/** Waits until every call that was asked has come back, and every part has ended, so that all costs are settled. */
export async function settleOutstanding(run: Run): Promise<void> {
  await Promise.all([...run.asked.values(), ...run.parts.values()].map(({ done }) => done));
  await run.recording;
}
