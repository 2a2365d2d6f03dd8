import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  CancellationScope,
  isCancellation,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';

import type { RunState } from '../domain/collaboration/run-state.ts';
import { partsOf, type Machine, type Step } from '../domain/collaboration/step.ts';
import { startExpiries } from './approvals.ts';
import type { Outcome } from './outcome.ts';
import { attendParts } from './parts.ts';
import {
  askTurns,
  createRun,
  recordCaused,
  recordDecided,
  sealRun,
  settleOutstanding,
  type CollaborationInput,
  type Run,
} from './run.ts';
import { registerSteering } from './steering.ts';

const statusKey = defineSearchAttributeKey('Status', SearchAttributeType.KEYWORD);

/** A run continues as new before its history has this many events. */
const historyEventsMax = 3500;

/** Opens a run: from here on people can steer it, and its deadline runs. */
export function openRun(input: CollaborationInput, machine: Machine<RunState>): Run {
  const run = createRun(input, machine);
  registerSteering(run);
  heedCancellation(run);
  startDeadline(run);
  return run;
}

/** Does what the machine wants now: records what it decided, asks, or waits until something has happened. */
export async function perform(run: Run, step: Exclude<Step, { kind: 'end' }>): Promise<void> {
  await CancellationScope.nonCancellable(() => performStep(run, step));
}

async function performStep(run: Run, step: Exclude<Step, { kind: 'end' }>): Promise<void> {
  attendParts(run, partsOf(step));
  switch (step.kind) {
    case 'record':
      await recordDecided(run);
      await continueAsNewWhenLong(run);
      return;
    case 'ask':
      askTurns(run, step.turns);
      break;
    case 'wait':
      startExpiries(run);
      break;
  }
  const seen = run.version;
  await condition(() => run.version !== seen);
}

/** Settles what is still owed, seals the decision and ends. */
export async function seal(run: Run): Promise<Outcome> {
  return await CancellationScope.nonCancellable(() => sealed(run));
}

async function sealed(run: Run): Promise<Outcome> {
  const record = await sealRun(run);
  const { verdict } = run.state;
  if (verdict === null) throw new Error('a run was sealed without a verdict');
  upsertSearchAttributes([
    { key: statusKey, value: run.state.cancelled === null ? 'completed' : 'cancelled' },
  ]);
  await condition(allHandlersFinished);
  return { kind: verdict.kind, answer: verdict.answer, record };
}

/** Between passes, and with no part under way, nothing is outstanding: the state is all there is to carry over. */
async function continueAsNewWhenLong(run: Run): Promise<void> {
  const info = workflowInfo();
  const isLong = info.continueAsNewSuggested || info.historyLength > historyEventsMax;
  const isBusy = run.parts.size > 0 || run.state.verdict !== null;
  if (!isLong || isBusy) return;
  await settleOutstanding(run);
  await condition(allHandlersFinished);
  const { state, known, decidedSteps, input, requestedAt } = run;
  const { deadlineMs } = input.plan;
  await continueAsNew<(next: CollaborationInput) => Promise<Outcome>>({
    ...input,
    plan: {
      ...input.plan,
      deadlineMs: deadlineMs === null ? null : leftOf(deadlineMs, run, Date.now()),
    },
    resumed: {
      state,
      known,
      decidedSteps,
      outstanding: [],
      ...(state.approvals === undefined ? {} : { requestedAt }),
    },
  });
}

/**
 * A cancellation that was asked of Temporal itself is one like any other: the run is cancelled by its own rules, so that
 * it settles its accounts and seals what it has, instead of breaking off.
 */
function heedCancellation(run: Run): void {
  CancellationScope.current().cancelRequested.catch(async () => {
    await recordCaused(run, 'cancellation', {
      type: 'collaboration.cancelled',
      by: '/temporal',
      reason: 'cancelled in Temporal',
    });
  });
}

/** The clock runs from the start of the first run, through pauses too. */
function startDeadline(run: Run): void {
  const { deadlineMs } = run.input.plan;
  if (deadlineMs === null || run.state.isDeadlinePassed) return;
  const left = leftOf(deadlineMs, run, workflowInfo().runStartTime.getTime());
  CancellationScope.cancellable(async () => {
    await sleep(left);
    if (run.state.verdict === null)
      await recordCaused(run, 'deadline', { type: 'deadline.passed' });
  }).catch((error: unknown) => {
    if (!isCancellation(error)) throw error;
  });
}

/**
 * What is left of the deadline. `startTime` is the time at which the run's own history begins, whatever its docstring
 * says: a run that goes on is told what was left when the one before it ended, or was forgotten.
 */
function leftOf(deadlineMs: number, { input }: Run, nowMs: number): number {
  const { startTime, runStartTime } = workflowInfo();
  const sinceMs = (input.resumed === undefined ? startTime : runStartTime).getTime();
  return Math.max(1, deadlineMs - (nowMs - sinceMs));
}
