import type { ApprovalRow } from '../infra/stores/approval-store.ts';
import { isFailureType } from '../domain/failures.ts';
import { Problem } from './problem.ts';

const RETRY_AFTER_SECONDS = '1';

/** Makes the problem for steering a run that has ended. */
export function ended(collaborationId: string, status: string): Problem {
  return new Problem('collaboration-ended', {
    detail: `Collaboration ${collaborationId} has ended and takes nothing more.`,
    errors: [{ field: 'status', got: status, expected: 'a run that goes on' }],
  });
}

/** Makes the problem for an approval that was answered, or has expired, before: it names who and when. */
export function answeredBefore(row: ApprovalRow): Problem {
  const { approval, collaborationId, by, answer, settledAt } = row;
  const who = by === null ? 'expired' : `was answered by ${by}`;
  return new Problem('conflict', {
    detail: `Approval ${approval} of ${collaborationId} ${who} on ${String(settledAt)}: ${String(answer)} holds.`,
    errors: [{ field: 'state', got: row.state, expected: 'pending' }],
  });
}

/** Makes the problem for a run whose workflow does not answer now. */
export function unreachable(cause: unknown): Problem {
  return new Problem('temporal-unavailable', {
    detail: 'The run cannot be reached now. Try again with the same Idempotency-Key.',
    headers: { 'retry-after': RETRY_AFTER_SECONDS },
    cause,
  });
}

/**
 * Makes the problem for what a run refused.
 *
 * @param refusal - what the run said
 * @param refusal.type - of `domain/failures.ts`
 * @param refusal.message - for people
 */
export function refused(refusal: { type: string; message: string }): Problem {
  const { type, message } = refusal;
  if (isFailureType(type)) return new Problem(type, { detail: sentence(message) });
  return new Problem('internal', {
    detail: 'The run failed to take this.',
    cause: new Error(`unknown type of failure: ${type}: ${message}`),
  });
}

function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return text.endsWith('.') ? text : `${text}.`;
}
