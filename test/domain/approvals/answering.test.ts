import { describe, expect, test } from '@jest/globals';

import { refusalOf, settledInWords } from '../../../domain/approvals/answering.ts';
import { isSettledBefore } from '../../../domain/approvals/approvals.ts';
import { choiceOfPerson } from '../../../domain/approvals/choice.ts';
import { verdictByPeople } from '../../../domain/approvals/verdict-by-people.ts';
import type { ApprovalReply } from '../../../domain/approvals/approval-terms.ts';
import type { Fact } from '../../../domain/collaboration/fact.ts';
import { sha256 } from '../ledger/sample-run.ts';
import { ann, answerTo, asking, driveWith } from './people.ts';

const { state } = driveWith(asking(), []);
const open = driveWith(asking({}, { optionKeys: [] }), []).state;
const asked = driveWith(asking({ points: ['start'], questions: 1 }), []).state;
const reply: ApprovalReply = {
  approval: 'decision-1',
  by: ann,
  answer: 'approve',
  choice: null,
  remember: false,
};

describe('an answer', () => {
  test.each<[string, Partial<ApprovalReply>, typeof state]>([
    ['an approval', {}, state],
    ['another option', { answer: 'edit', choice: 'o2' }, state],
    ['other words', { answer: 'edit', choice: 'a1', textId: 't' }, open],
    ['a reply', { approval: 'question-1', answer: 'reply', textId: 't' }, asked],
    ['none to a question', { approval: 'question-1', answer: 'skip' }, asked],
  ])('is taken: %s', (_what, fields, of) => {
    expect(refusalOf(of, { ...reply, ...fields })).toBeNull();
  });

  test.each<[string, Partial<ApprovalReply>, typeof state, string]>([
    ['another word', { answer: 'debate' }, state, 'answer: got debate, expected one of approve,'],
    ['no option', { answer: 'edit' }, state, 'choice: got nothing, expected one of o1, o2'],
    ['an unknown one', { answer: 'edit', choice: 'o9' }, state, 'choice: got o9'],
    ['no words', { answer: 'edit', choice: 'a1' }, open, 'choice: got a1, expected the answer in'],
    ['too much', { choice: 'o1' }, state, 'choice: expected none with approve'],
    ['no reply', { approval: 'question-1', answer: 'reply' }, asked, 'choice: expected the reply'],
  ])('that does not fit is refused with what is expected: %s', (_what, fields, of, message) => {
    const refusal = refusalOf(of, { ...reply, ...fields });

    expect(refusal?.type).toBe('input-invalid');
    expect(refusal?.message).toContain(message);
  });

  test('to nothing that was asked is not found', () => {
    expect(refusalOf(state, { ...reply, approval: 'round-7' })).toMatchObject({
      type: 'not-found',
    });
  });

  test.each<[Fact, string]>([
    [answerTo('decision-1', 'reject'), 'answered by /users/ann with reject'],
    [
      { type: 'approval.expired', approval: 'decision-1', answer: 'approve' },
      'expired, and approve holds',
    ],
    [{ type: 'approval.withdrawn', approval: 'decision-1' }, 'withdrawn'],
  ])('that comes second is a conflict and changes nothing: %j', (fact, words) => {
    const settled = driveWith(asking(), [fact]).state;

    const refusal = refusalOf(settled, reply);
    const second = driveWith(asking(), [fact, answerTo('decision-1', 'approve')]).state;

    expect(refusal).toMatchObject({ type: 'conflict' });
    expect(refusal?.message).toContain(words);
    expect(second).toEqual(settled);
  });

  test('is known to come too late before it is recorded', () => {
    const expired: Fact = { type: 'approval.expired', approval: 'decision-1', answer: 'reject' };
    const settled = driveWith(asking(), [expired]).state;

    expect(isSettledBefore(state, expired)).toBe(false);
    expect(isSettledBefore(settled, answerTo('decision-1', 'approve'))).toBe(true);
    expect(isSettledBefore(settled, { type: 'deadline.passed' })).toBe(false);
    expect(isSettledBefore({}, expired)).toBe(true);
  });

  test('is told in words', () => {
    const { approvals } = driveWith(asking(), [answerTo('decision-1', 'reject')]).state;

    expect(approvals?.['decision-1'] && settledInWords(approvals['decision-1'])).toBe(
      'answered by /users/ann with reject',
    );
  });
});

describe('a request that comes twice', () => {
  test('changes nothing', () => {
    const { facts } = driveWith(asking(), []);
    const again = facts.filter(({ type }) => type === 'approval.requested');

    expect(driveWith(asking(), again).state).toEqual(state);
  });
});

describe('the verdict of people', () => {
  test('is none before they have answered', () => {
    expect(verdictByPeople(state)).toBeNull();
  });
});

describe('the answer that a person means', () => {
  const wordsOf = (key: string): string => (key === 'o1' ? ' Postgres' : key);
  const source = { state, wordsOf, sha256 };

  test.each(['Postgres', ' Postgres ', 'o1'])('is found by words or key: %j', (said) => {
    expect(choiceOfPerson(said, source)).toEqual({ ok: true, key: 'o1', words: ' Postgres' });
  });

  test('is none beside the options', () => {
    expect(choiceOfPerson('Oracle', source)).toEqual({
      ok: false,
      fault: { field: 'choice', got: '"Oracle"', expected: 'one of " Postgres", "o2"' },
    });
  });

  test('may be anything where answers are open', () => {
    const chosen = choiceOfPerson(' A sheet ', { ...source, state: open });

    expect(chosen).toMatchObject({ ok: true, words: 'A sheet' });
  });
});
