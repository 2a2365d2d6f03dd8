import { describe, expect, test } from '@jest/globals';

import {
  caseFileOf,
  horizonOf,
  optionsOf,
  standingAnswers,
  turnNamed,
  type FiledEvent,
} from '../../../domain/collaboration/case-file.ts';
import { turnRef, type Fact } from '../../../domain/collaboration/fact.ts';
import { consensus } from '../../../domain/consensus/consensus.ts';
import type { Choice } from '../../../domain/protocols/protocol.ts';
import { debate } from '../../../domain/debate/debate.ts';
import { machines, openingFacts } from '../../../domain/machines.ts';
import { aCost, drive, position, type Panel } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';
import { answerTo, asking, driveWith } from '../approvals/people.ts';

const openPlan = planWith({
  optionKeys: [],
  grouping: 'model',
  synthesis: true,
  depth: 'split',
  rounds: 2,
});

const panel: Panel = (turn) => {
  if (turn.task === 'critique') return { type: 'critique.submitted', ...turn, ...aCost };
  if (turn.task === 'synthesis') return { type: 'synthesis.written', ...turn, ...aCost };
  return turn.task === 'grouping'
    ? { type: 'answers.grouped', ...turn, merges: { as2: 'as1' }, ...aCost }
    : position(turn, `a${turn.seat}`);
};

/** Content that says which turn it belongs to. */
function contentOf(fact: Fact): unknown {
  if (fact.type === 'collaboration.opened') {
    return { question: 'What next?', options: ['yes', 'no'], materials: [], personas: {} };
  }
  if (fact.type === 'message.added') return { text: `message ${fact.messageId}` };
  if (!('turn' in fact)) return undefined;
  const base = { answer: `answer of ${fact.turn}`, rationale: `why ${fact.turn}` };
  return { ...base, evidence: ['e'], critiques: [{ of: 'Participant B', text: 'weak' }] };
}

function filed(facts: readonly Fact[]): FiledEvent[] {
  return facts.map((fact, index) => ({ seq: index + 1, fact, content: contentOf(fact) }));
}

const message: Fact = { type: 'message.added', by: 'ann', messageId: 'm1' };
const run = filed(drive(debate, openPlan, panel, { interruptions: { 7: message } }).facts);

describe('turnNamed', () => {
  test('reads back what turnRef names', () => {
    const turn = turnRef('critique', 2, 's10');

    expect(turnNamed(turn.turn)).toEqual(turn);
  });

  test.each(['', 'proposal-1', 'song-1-s1'])('refuses %j', (name) => {
    expect(() => turnNamed(name)).toThrow('expected task-round-seat');
  });
});

describe('horizonOf', () => {
  test('ends a seat at the opening of its pass', () => {
    const horizon = horizonOf(run, turnRef('revision', 2, 's1'));

    expect(run[(horizon ?? 0) - 1]?.fact).toMatchObject({
      type: 'round.opened',
      phase: 'revision',
    });
  });

  test('is the same whatever happened since', () => {
    const turn = turnRef('proposal', 1, 's1');

    expect(horizonOf(run.slice(0, 3), turn)).toBe(horizonOf(run, turn));
  });

  test('is unknown before the pass opens', () => {
    expect(horizonOf(run.slice(0, 2), turnRef('revision', 2, 's1'))).toBeUndefined();
  });

  test('ends the chair at the last pass and at its own earlier work', () => {
    const grouping = horizonOf(run, turnRef('grouping', 2, 'chair'));
    const synthesis = horizonOf(run, turnRef('synthesis', 2, 'chair'));

    expect(run[(grouping ?? 0) - 1]?.fact.type).toBe('round.closed');
    expect(run[(synthesis ?? 0) - 1]?.fact.type).toBe('answers.grouped');
  });

  test('takes a judgement for earlier work of the chair, but never the task itself', () => {
    const judged = filed([
      { type: 'round.closed', round: 1, phase: 'vote', reason: 'complete' },
      {
        type: 'judgement.given',
        ...turnRef('judgement', 1, 'chair'),
        choice: { kind: 'single', option: 'o1' },
        ...aCost,
      },
    ]);

    expect(horizonOf(judged, turnRef('judgement', 1, 'chair'))).toBe(1);
    expect(horizonOf(judged, turnRef('synthesis', 1, 'chair'))).toBe(2);
  });
});

describe('caseFileOf', () => {
  const fileAt = (turn: ReturnType<typeof turnRef>) =>
    caseFileOf(run.slice(0, horizonOf(run, turn)), machines);

  test('shows nothing of the open pass', () => {
    const file = fileAt(turnRef('proposal', 1, 's1'));

    expect(file.passes).toEqual([]);
    expect(file.state.pass).toMatchObject({ phase: 'proposal' });
    expect(file.opened.question).toBe('What next?');
  });

  test('shows the words of closed passes: positions with answers, critiques without', () => {
    const file = fileAt(turnRef('revision', 2, 's1'));

    expect(file.passes.map(({ phase, entries }) => [phase, entries.length])).toEqual([
      ['proposal', 3],
      ['critique', 3],
    ]);
    expect(file.passes[0]?.entries[0]).toMatchObject({
      seat: 's1',
      answer: 'answer of proposal-1-s1',
      rationale: 'why proposal-1-s1',
    });
    expect(file.passes[1]?.entries[0]).toMatchObject({ answer: null });
    expect(file.argumentTurns.get('s2')).toBe('critique-2-s2');
  });

  test('places messages after the passes that were over', () => {
    const file = fileAt(turnRef('revision', 2, 's1'));

    expect(file.messages).toEqual([{ afterPasses: 1, text: 'message m1' }]);
  });

  test('places messages after what is shown where passes had no words', () => {
    const mute: Panel = (turn) =>
      turn.round < 3
        ? { type: 'turn.abstained', ...turn, reason: 'empty', ...aCost }
        : position(turn, 'o1');
    const plan = planWith({ rounds: 3, stopOnStability: false });
    // After eight facts round 2 is under way; it and the one before it end without a word.
    const { facts } = drive(debate, plan, mute, { interruptions: { 8: message } });
    const third = turnRef('revision', 3, 's1');
    const until = horizonOf(filed(facts), third) ?? 0;

    const file = caseFileOf(filed(facts).slice(0, until), machines);

    expect(file.state.passes).toHaveLength(2);
    expect(file.messages).toEqual([{ afterPasses: 0, text: 'message m1' }]);
  });

  test('gives the chair the standing answers, merged, with their words', () => {
    const file = fileAt(turnRef('synthesis', 2, 'chair'));

    expect(standingAnswers(file)).toEqual([
      { key: 'as1', text: 'answer of proposal-1-s1' },
      { key: 'as3', text: 'answer of proposal-1-s3' },
    ]);
    expect(optionsOf(file)).toEqual([]);
  });

  test('knows the words of options, of nominations and of lists', () => {
    const plan = planWith({ pattern: 'consensus', protocol: { kind: 'approval' }, optionKeys: [] });
    const nominated = drive(consensus, plan, (turn) =>
      turn.task === 'nomination'
        ? {
            type: 'position.submitted',
            ...turn,
            choice: { kind: 'approve', options: ['ax'] },
            confidence: null,
            citing: null,
            ...aCost,
          }
        : null,
    );
    const events = filed(nominated.facts).map((event) =>
      'turn' in event.fact
        ? { ...event, content: { ...(event.content as object), labels: { ax: 'the x' } } }
        : event,
    );

    const file = caseFileOf(events, machines);

    expect(optionsOf(file)).toEqual([{ key: 'ax', text: 'the x' }]);
    expect(file.passes).toEqual([]);
    const closed = caseFileOf(
      filed([{ type: 'collaboration.opened', plan: planWith() }]),
      machines,
    );
    expect(optionsOf(closed)).toEqual([
      { key: 'o1', text: 'yes' },
      { key: 'o2', text: 'no' },
    ]);
  });

  test('falls back to keys where words are missing, and leaves abstentions out', () => {
    const vote = (seat: string, choice: Choice): Fact => ({
      type: 'position.submitted',
      ...turnRef('proposal', 1, seat),
      choice,
      confidence: null,
      citing: null,
      ...aCost,
    });
    const file = caseFileOf(
      filed([
        ...openingFacts(planWith({ optionKeys: ['o1', 'o2', 'o3'] })),
        vote('s1', { kind: 'single', option: 'o2' }),
        vote('s2', { kind: 'rank', options: ['o1', 'o2'] }),
        vote('s3', { kind: 'abstain', reason: 'declined' }),
      ]),
      machines,
    );
    const wordless = { ...file, labels: new Map<string, string>() };

    expect(optionsOf(file).map(({ text }) => text)).toEqual(['yes', 'no', 'o3']);
    expect(standingAnswers(file).map(({ text }) => text)).toEqual(['yes', 'no']);
    expect(standingAnswers(wordless).map(({ text }) => text)).toEqual(['o1', 'o2']);
    expect(optionsOf(wordless).map(({ text }) => text)).toEqual(['o1', 'o2', 'o3']);
  });

  test('refuses events that open nothing', () => {
    expect(() => caseFileOf([], machines)).toThrow('opens nothing');
  });
});

test('what people replied to the questions of the start stands before the first pass, with its question', () => {
  const { facts } = driveWith(asking({ points: ['start'], questions: 2 }), [
    answerTo('question-1', 'reply', { textId: 't' }),
    answerTo('question-2', 'skip'),
  ]);
  const events = facts.map((fact, index): FiledEvent => {
    const words = { question: 'Which region?', text: 'Iceland' };
    return { seq: index + 1, fact, content: 'approval' in fact ? words : contentOf(fact) };
  });

  expect(caseFileOf(events, machines).messages).toEqual([
    { afterPasses: 0, text: 'They were asked: Which region?\nThey replied: Iceland' },
  ]);
});
