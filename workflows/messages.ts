import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

import type { ApprovalReply } from '../domain/approvals/approval-terms.ts';
import type { BudgetLimits, Seat } from '../domain/collaboration/plan.ts';
import type { RunState } from '../domain/collaboration/run-state.ts';

/** What every steering update answers: the run's status after it. */
export interface Steered {
  readonly status: 'running' | 'waiting' | 'paused' | 'ended';
}

/** Stops asking until resumed; calls in flight are finished and kept. */
export const pauseUpdate = defineUpdate<Steered, [{ by: string }]>('pause');
/** Goes on after a pause. */
export const resumeUpdate = defineUpdate<Steered, [{ by: string }]>('resume');
/** Ends the run without a decision; what it has is kept, what it owes is settled. */
export const cancelUpdate = defineUpdate<Steered, [{ by: string; reason: string }]>('cancel');
/** Ends the open pass, or with scope `run` the whole run, with the answers that are there. */
export const closeUpdate = defineUpdate<Steered, [{ by: string; scope?: 'round' | 'run' }]>(
  'close',
);
/** Shows a message to the seats from the next pass on; its text was stored under this id before. */
export const addMessageUpdate = defineUpdate<Steered, [{ by: string; messageId: string }]>(
  'addMessage',
);
/** Seats another participant from the next pass on. */
export const addParticipantUpdate = defineUpdate<Steered, [{ by: string; seat: Seat }]>(
  'addParticipant',
);
/** Sets new limits, none below what is spent. */
export const raiseBudgetUpdate = defineUpdate<Steered, [{ by: string; budget: BudgetLimits }]>(
  'raiseBudget',
);

/** Answers an approval, once; words that belong to it were stored before. */
export const answerApprovalUpdate = defineUpdate<Steered, [ApprovalReply]>('answerApproval');

/**
 * Tells a run that may have forgotten something, because Temporal has, to learn it from the ledger; harmless to any
 * other.
 */
export const catchUpSignal = defineSignal('catchUp');

/** How an analysis stands, as far as its parts follow it. */
export interface ParentStanding {
  /** How many facts of its own the analysis has by then: names what its parts record of it. */
  readonly at: number;
  readonly isPaused: boolean;
  readonly cancelled: { readonly reason: string } | null;
  /** Whether it ends with what it has. */
  readonly isClosing: boolean;
  readonly isDeadlinePassed: boolean;
}

/** Tells a part how its analysis stands now; the last one that is told holds. */
export const parentSteeredSignal = defineSignal<[ParentStanding]>('parentSteered');

/** Answers the run's state: the fold of its facts so far. */
export const stateQuery = defineQuery<RunState>('state');
