import { defineSearchAttributeKey } from '@temporalio/common';

import type { Pattern } from '../../domain/collaboration/plan.ts';

/**
 * Time in which a worker must answer one workflow task. Ours take milliseconds; a task that a killed worker held is
 * given to another one after this time, so it is short. Where a machine is so busy that a task takes longer, it is done
 * again, which costs work and changes nothing: with 400 ms it was 5 in 650 tasks of fifty debates on a machine with
 * four times the load that it can bear. From the third try on Temporal gives more time.
 */
export const workflowTaskTimeout = '350ms';

/** Search attributes of every collaboration; the server must know them before the first start. */
export const searchAttributes = {
  tenantId: defineSearchAttributeKey('TenantId', 'KEYWORD'),
  pattern: defineSearchAttributeKey('Pattern', 'KEYWORD'),
  status: defineSearchAttributeKey('Status', 'KEYWORD'),
} as const;

/** Wire names of the updates that steer a run. Each answers `{ status }` once the run has done it. */
export const updateNames = {
  pause: 'pause',
  resume: 'resume',
  cancel: 'cancel',
  close: 'close',
  addMessage: 'addMessage',
  addParticipant: 'addParticipant',
  raiseBudget: 'raiseBudget',
  answerApproval: 'answerApproval',
} as const;

/** Wire name of the signal that tells a run to learn from the ledger what it has forgotten. */
export const catchUpSignalName = 'catchUp';

/** Wire name of an update. */
export type UpdateName = keyof typeof updateNames;

/**
 * Derives the id of the workflow that runs a collaboration; the same every time, so that starting
 * twice is starting once.
 */
export function workflowIdOf(run: { pattern: Pattern; collaborationId: string }): string {
  return `${run.pattern}/${run.collaborationId}`;
}

/** Derives the id of the workflow of a run in a sandbox. */
export function sandboxWorkflowIdOf(runId: string): string {
  return `sandbox/${runId}`;
}
