import { describe, expect, test } from '@jest/globals';

import type { People } from '../../../domain/approvals/approval-terms.ts';
import type { Fact, FactOf, Verdict } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import { approvalQuestion } from '../../../domain/ledger/approval-words.ts';
import { decisionOf, writtenUp } from '../../../domain/ledger/decision-reading.ts';
import { peopleReportOf } from '../../../domain/ledger/people-report.ts';
import { peopleSentences } from '../../../domain/ledger/people-sentences.ts';
import { resumptionOf, forgottenIn } from '../../../domain/ledger/resumption.ts';
import { readRun, type RunReading } from '../../../domain/ledger/run-reading.ts';
import { transcriptMarkdown } from '../../../domain/ledger/transcript-markdown.ts';
import { transcriptOf } from '../../../domain/ledger/transcript.ts';
import { momentOf } from '../../../domain/replay/moment.ts';
import { aCost, position, type Panel } from '../../support/drive.ts';
import { agreed, ann, answerTo, asking, driveWith } from '../approvals/people.ts';
import { ledgerOf, recordFor } from '../replay/driven-run.ts';
import { noLongTexts } from './sample-run.ts';

const everywhere: Partial<People> = { points: ['start', 'round', 'decision'], questions: 2 };

function readingOf(plan: Plan, facts: readonly Fact[], panel: Panel = agreed): RunReading {
  return readRun(ledgerOf(driveWith(plan, facts, panel).facts), noLongTexts);
}

const talkedTo = readingOf(asking(everywhere), [
  answerTo('question-1', 'reply', { textId: 't1', commentId: 'c1' }),
  { type: 'approval.expired', approval: 'question-2', answer: 'skip' },
  answerTo('round-1', 'approve'),
  answerTo('decision-1', 'edit', { choice: 'o2', textId: 't2' }),
]);

describe('the decision of a run that asked people', () => {
  test('tells who had the last word, what the panel said, and every answer', () => {
    const { people, answer, dissent } = decisionOf(talkedTo);

    expect(answer).toBe('words of o2');
    expect(dissent).toHaveLength(3);
    expect(people?.decision).toEqual({
      answer: 'edit',
      by: ann,
      panel: { kind: 'decided', answer: 'words of o1', reason: null },
    });
    expect(people?.approvals).toMatchObject([
      {
        approval: 'question-1',
        question: 'What about question-1?',
        answer: 'reply',
        by: ann,
        choice: 'text of t1',
        comment: 'comment of c1',
        remembered: null,
      },
      { approval: 'question-2', state: 'expired', answer: 'skip', by: null, choice: null },
      { approval: 'round-1', answer: 'approve' },
      { approval: 'decision-1', answer: 'edit', choice: 'text of t2' },
    ]);
    expect(people && peopleSentences(people)).toEqual([
      '/users/ann had the last word: edit. The panel alone: "words of o1".',
      'question-1: reply "text of t1" by /users/ann (comment of c1)',
      'question-2: skip by nobody, in time',
      'round-1: approve by /users/ann',
      'decision-1: edit "text of t2" by /users/ann',
    ]);
  });

  test('is that of the panel where people were not asked about it', () => {
    const plan = asking({ points: ['round'] }, { rounds: 3 });
    const run = readingOf(plan, [answerTo('round-1', 'approve', { remember: true })]);
    const { people } = decisionOf(run);

    expect(people?.decision).toBeNull();
    expect(people && peopleSentences(people)).toEqual([
      'round-1: approve by /users/ann',
      'round-2: approve by /users/ann, remembered from round-1',
    ]);
  });

  test('is none where nobody answered in time, and the panel had none either', () => {
    const plan = asking({}, { protocol: { kind: 'unanimity' } });
    const split: Panel = (turn) => position(turn, turn.seat === 's1' ? 'o1' : 'o2');
    const expired: Fact = { type: 'approval.expired', approval: 'decision-1', answer: 'reject' };
    const { people, reason } = decisionOf(readingOf(plan, [expired], split));

    expect(reason).toBe('rejected');
    expect(people && peopleSentences(people)[0]).toBe(
      'Nobody answered in time: reject. The panel alone: no decision (no-quorum).',
    );
  });

  test('tells what was withdrawn', () => {
    const run = readingOf(asking(), [{ type: 'closing.requested', by: ann, scope: 'run' }]);
    const { people } = decisionOf(run);

    expect(people && peopleSentences(people)).toEqual(['decision-1: withdrawn']);
  });

  test('in words that nobody else used, takes them from the answer and not from the chair', () => {
    const plan = asking({}, { optionKeys: [], synthesis: true });
    const panel: Panel = (turn) =>
      turn.task === 'synthesis'
        ? { type: 'synthesis.written', ...turn, ...aCost }
        : position(turn, 'a1');
    const facts = [answerTo('decision-1', 'edit', { choice: 'a9', textId: 't9' })];

    expect(decisionOf(readingOf(plan, facts, panel)).answer).toBe('text of t9');
  });

  test('is told from the state alone where the ledger has no word of an approval', () => {
    const { state } = driveWith(asking(), [answerTo('decision-1', 'edit', { choice: 'o2' })]);
    const reading = { ...talkedTo, events: [], state } as RunReading;
    const { verdict } = state as RunState & { verdict: Verdict };

    expect(peopleReportOf(reading, verdict)?.approvals).toMatchObject([
      { approval: 'decision-1', question: '', choice: 'words of o2', requestedAt: null },
    ]);
  });
});

describe('the report of a debate whose gate asks people', () => {
  const gate = {
    disagreementMax: 1,
    marginMin: 0,
    confidenceMin: 1,
    confidenceAsk: 1,
    statedMin: 0,
    askedWay: 'debate' as const,
  };
  const plan = asking({ points: ['gate'] }, { gate });

  test.each<[string, Fact, string]>([
    ['answered', answerTo('gate-1', 'done'), 'done'],
    ['withdrawn', { type: 'closing.requested', by: ann, scope: 'run' }, 'debate'],
  ])('tells the way that was taken: %s', (_how, fact, way) => {
    const run = readingOf(plan, [fact]);
    const markdown = transcriptMarkdown(transcriptOf(run));

    expect(decisionOf(run).debate?.gate).toMatchObject({ outcome: 'ask', way });
    expect(markdown).toContain('a person should look');
    expect(markdown).not.toContain('nobody can be asked');
  });
});

describe('the transcript', () => {
  test('tells what people were asked and answered, as quotes', () => {
    const markdown = transcriptMarkdown(transcriptOf(talkedTo));

    expect(markdown).toContain('> Asks people (question-1): What about question-1?');
    expect(markdown).toContain(
      '> /users/ann answers question-1 with reply: text of t1 (comment of c1)',
    );
    expect(markdown).toContain('> Nobody answered question-2 in time: skip holds.');
    expect(markdown).toContain('> /users/ann answers decision-1 with edit: text of t2');
    expect(markdown).toContain('- /users/ann had the last word: edit.');
  });

  test('tells remembered and withdrawn ones, and a choice without words by its key', () => {
    const plan = asking({ points: ['round', 'decision'] }, { rounds: 3 });
    const remembered = readingOf(plan, [
      answerTo('round-1', 'approve', { remember: true }),
      { type: 'collaboration.cancelled', by: ann, reason: 'enough' },
    ]);
    const edited = readingOf(asking(), [answerTo('decision-1', 'edit', { choice: 'o2' })]);
    const texts = [remembered, edited].map((run) => transcriptMarkdown(transcriptOf(run)));

    expect(texts[0]).toContain('> /users/ann answers round-2, as in round-1 with approve');
    expect(texts[0]).toContain('> decision-1 is withdrawn: the run was ended.');
    expect(texts[1]).toContain('> /users/ann answers decision-1 with edit: words of o2');
  });

  test('does without words that an event does not have', () => {
    const bare = talkedTo.events.map((event) => {
      const data = { ...event.data, content: undefined };
      return event.type === 'conclave.approval.requested.v1' ? { ...event, data } : event;
    });

    expect(transcriptMarkdown(transcriptOf(readRun(bare, noLongTexts)))).toContain(
      '> Asks people (question-1):',
    );
  });
});

describe('a question to people', () => {
  const wordsOf = (key: string): string => (key === 'o1' ? 'x'.repeat(1_001) : `words of ${key}`);
  const { facts, state } = driveWith(asking(), []);
  const [decision] = facts.filter(
    (fact): fact is FactOf<'approval.requested'> => fact.type === 'approval.requested',
  );
  if (decision === undefined) throw new Error('no decision was asked about');
  const request = decision;

  test('shows what the panel decided, clipped', () => {
    const question = approvalQuestion(request, { state, wordsOf, writtenUp: null });

    expect(question).toContain(`The panel decided for "${'x'.repeat(1_000)} …"`);
  });

  test('shows the answer as it was written up', () => {
    const question = approvalQuestion(request, { state, wordsOf, writtenUp: 'In short: yes.' });

    expect(question).toContain('The panel decided for "In short: yes."');
  });

  test('tells why there is none', () => {
    const candidate: Verdict = {
      kind: 'no-decision',
      answer: null,
      reason: 'tie',
      stoppedBy: 'rounds',
      rounds: 1,
      explanation: '"o2" and "o3" tie',
    };
    const question = approvalQuestion(
      { ...request, candidate },
      { state, wordsOf, writtenUp: null },
    );

    expect(question).toContain('no decision (tie: "words of o2" and "words of o3" tie)');
  });

  test('asks about a round, and about what a gate saw', () => {
    const gate = {
      disagreementMax: 1,
      marginMin: 0,
      confidenceMin: 1,
      confidenceAsk: 1,
      statedMin: 0,
      askedWay: 'debate' as const,
    };
    const gated = driveWith(asking({ points: ['gate'] }, { gate }), []).state;
    const { candidate, ...plain } = request;
    const questions = [
      approvalQuestion({ ...plain, point: 'round' }, { state, wordsOf, writtenUp: null }),
      approvalQuestion({ ...plain, point: 'gate' }, { state: gated, wordsOf, writtenUp: null }),
    ];

    expect(candidate).toBeDefined();
    expect(questions[0]).toMatch(/^Round 2 of at most 2 is over/);
    expect(questions[1]).toMatch(/^Gate: a person should look.*Is the blind vote enough/);
  });

  test('shows what a chair wrote up only where it wrote something', () => {
    expect(writtenUp(talkedTo)).toBeNull();
  });
});

describe('a moment at which people are waited for', () => {
  test('is one of waiting', () => {
    const { facts } = driveWith(asking(), []);
    const result = momentOf(ledgerOf(facts), {}, noLongTexts);

    expect(result).toMatchObject({ ok: true, moment: { status: 'waiting' } });
  });
});

describe('where a run stands that asks people', () => {
  test('tells when each approval was requested', () => {
    const events = ledgerOf(driveWith(asking(), []).facts);
    const at = Date.parse(events.at(-1)?.time ?? '');

    expect(resumptionOf(events, []).requestedAt).toEqual({ 'decision-1': at });
    expect(forgottenIn(events, 1).requestedAt).toEqual({ 'decision-1': at });
  });
});

test('the record of a run that asked people has the report of it', () => {
  expect(recordFor(talkedTo.events).decision.people?.approvals).toHaveLength(4);
});
