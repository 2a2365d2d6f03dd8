import type { RunState } from '../collaboration/run-state.ts';
import type { FailureType } from '../failures.ts';
import type { Approval, ApprovalReply } from './approval-terms.ts';

/** Why an answer is not taken. */
export interface AnswerRefusal {
  readonly type: Extract<FailureType, 'not-found' | 'conflict' | 'input-invalid'>;
  readonly message: string;
}

/** How an approval came to be settled, as one phrase. */
export function settledInWords({ state, answer, by }: Approval): string {
  if (state === 'answered') return `answered by ${String(by)} with ${String(answer)}`;
  return state === 'expired' ? `expired, and ${String(answer)} holds` : state;
}

/**
 * Says why a run does not take an answer.
 *
 * @param state - the run
 * @param reply - what somebody answers
 * @returns `null` where it takes it
 */
export function refusalOf(state: RunState, reply: ApprovalReply): AnswerRefusal | null {
  const { approval: name, answer } = reply;
  const approval = state.approvals?.[name];
  if (approval === undefined) {
    return { type: 'not-found', message: `approval: got ${name}, expected one that was requested` };
  }
  if (approval.state !== 'pending') {
    return { type: 'conflict', message: `approval ${name} was ${settledInWords(approval)} before` };
  }
  if (!approval.answers.includes(answer)) {
    const expected = `one of ${approval.answers.join(', ')}`;
    return { type: 'input-invalid', message: `answer: got ${answer}, expected ${expected}` };
  }
  const missing = missingIn(state, reply);
  return missing === null ? null : { type: 'input-invalid', message: missing };
}

function missingIn({ optionKeys }: RunState, reply: ApprovalReply): string | null {
  const { answer, choice, textId } = reply;
  if (answer === 'reply') return textId === undefined ? 'choice: expected the reply' : null;
  if (answer !== 'edit') return choice === null ? null : `choice: expected none with ${answer}`;
  const isOpen = optionKeys.length === 0;
  const fits = isOpen ? choice !== null && textId !== undefined : optionKeys.includes(choice ?? '');
  const expected = isOpen ? 'the answer in words' : `one of ${optionKeys.join(', ')}`;
  return fits ? null : `choice: got ${choice ?? 'nothing'}, expected ${expected}`;
}
