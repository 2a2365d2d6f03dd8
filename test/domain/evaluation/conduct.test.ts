import { describe, expect, test } from '@jest/globals';

import {
  turnRef,
  type Fact,
  type TurnFact,
  type TurnTask,
} from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { evolveRun, openRun, type RunState } from '../../../domain/collaboration/run-state.ts';
import { answerOf, cancelledOf } from '../../../domain/evaluation/conduct.ts';
import type { Question, Seated, View } from '../../../domain/evaluation/question.ts';
import { randomFrom } from '../../../domain/evaluation/random.ts';
import type { Member, Reactions, Scenario } from '../../../domain/evaluation/scenario.ts';
import { planWith, seats } from '../../support/plans.ts';
import { memberWith, scenarioWith } from './panels.ts';

const options = ['o1', 'o2', 'o3', 'o4'];

/** The truth is o1, the lure o2; the member's own ranking is given. */
function answering(
  ranking: View['ranking'],
  more: { member?: Partial<Member>; scenario?: Partial<Scenario>; confidence?: number } = {},
): { seated: Seated; question: Question } {
  const seated: Seated = {
    member: memberWith(more.member),
    view: { ranking, chance: 0.7 },
    confidence: more.confidence ?? 0.7,
    drawsOf: (pass) => randomFrom(1, pass),
  };
  const question: Question = {
    scenario: scenarioWith(more.scenario),
    options,
    truth: 'o1',
    lure: 'o2',
    seated: [seated, seated, seated],
    arrivalsOf: (pass) => randomFrom(2, pass),
  };
  return { seated, question };
}

/** A debate after its first pass, in which s1, s2, … held these options. */
function afterFirstPass(held: readonly string[], fields: Partial<Plan> = {}): RunState {
  const plan = planWith({ seats: seats(held.length), optionKeys: options, ...fields });
  const facts: Fact[] = held.map((option, index) => ({
    type: 'position.submitted',
    ...turnRef('proposal', 1, `s${String(index + 1)}`),
    choice: { kind: 'single', option },
    confidence: 0.7,
    citing: null,
    usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 1 },
    microsUsd: 0,
  }));
  const closed: Fact = { type: 'round.closed', round: 1, phase: 'proposal', reason: 'complete' };
  return [...facts, closed].reduce(evolveRun, openRun({ type: 'collaboration.opened', plan }));
}

function opened(fields: Partial<Plan> = {}): RunState {
  return openRun({
    type: 'collaboration.opened',
    plan: planWith({ optionKeys: options, ...fields }),
  });
}

function chosen(fact: TurnFact): unknown {
  return 'choice' in fact ? fact.choice : fact.type;
}

function reacting(reactions: {
  conformity?: Partial<Reactions['conformity']>;
  persuasion?: Partial<Reactions['persuasion']>;
}): { scenario: Partial<Scenario> } {
  return {
    scenario: {
      reactions: {
        conformity: { whenRight: 0, whenWrong: 0, ...reactions.conformity },
        persuasion: { byRight: 0, byWrong: 0, ...reactions.persuasion },
      },
    },
  };
}

const first = turnRef('proposal', 1, 's1');
const revision = turnRef('revision', 2, 's1');

describe('a first answer', () => {
  test('is the top of its ranking, with its confidence and without citation', () => {
    const fact = answerOf(first, opened(), answering(['o3', 'o1', 'o2', 'o4']));

    expect(fact).toMatchObject({
      type: 'position.submitted',
      choice: { kind: 'single', option: 'o3' },
      confidence: 0.7,
      citing: null,
    });
  });

  test('is the whole ranking under ranked', () => {
    const protocol = { kind: 'ranked', method: 'schulze' } as const;

    const fact = answerOf(first, opened({ protocol }), answering(['o3', 'o1', 'o2', 'o4']));

    expect(chosen(fact)).toEqual({ kind: 'rank', options: ['o3', 'o1', 'o2', 'o4'] });
  });

  test.each([
    ['one option of a sure member', 0.8, ['o3', 'o1', 'o2', 'o4'], ['o3']],
    ['two options of an unsure one', 0.4, ['o3', 'o1', 'o2', 'o4'], ['o3', 'o1']],
    ['one option where two would be all', 0.4, ['o2', 'o1'], ['o2']],
  ])('approves %s', (_, confidence, ranking, approved) => {
    const state = opened({ protocol: { kind: 'approval' } });

    const fact = answerOf(first, state, answering(ranking, { confidence }));

    expect(chosen(fact)).toEqual({ kind: 'approve', options: approved });
  });
});

describe('a revision', () => {
  const wrong = ['o3', 'o1', 'o2', 'o4'];

  test('stays where nobody moves it', () => {
    const state = afterFirstPass(['o3', 'o1', 'o1']);

    expect(chosen(answerOf(revision, state, answering(wrong, reacting({}))))).toEqual({
      kind: 'single',
      option: 'o3',
    });
  });

  test('follows the many when they are right, and cites', () => {
    const who = answering(wrong, reacting({ conformity: { whenRight: 1 } }));

    const fact = answerOf(revision, afterFirstPass(['o3', 'o1', 'o1']), who);

    expect(fact).toMatchObject({ choice: { option: 'o1' }, citing: 'proposal-1-s1' });
  });

  test('follows the many when they are wrong', () => {
    const who = answering(['o1', 'o2', 'o3', 'o4'], reacting({ conformity: { whenWrong: 1 } }));

    const fact = answerOf(revision, afterFirstPass(['o1', 'o2', 'o2']), who);

    expect(chosen(fact)).toEqual({ kind: 'single', option: 'o2' });
  });

  test('does not follow a tie, nor those who think alike', () => {
    const conformity = { whenRight: 1, whenWrong: 1 };
    const who = answering(wrong, reacting({ conformity }));

    const tied = answerOf(revision, afterFirstPass(['o3', 'o1', 'o2']), who);
    const alike = answerOf(revision, afterFirstPass(['o3', 'o3', 'o3']), who);

    expect([chosen(tied), chosen(alike)]).toEqual([
      { kind: 'single', option: 'o3' },
      { kind: 'single', option: 'o3' },
    ]);
  });

  test('is convinced by the right answer of a few', () => {
    const who = answering(wrong, reacting({ persuasion: { byRight: 1 } }));

    const fact = answerOf(revision, afterFirstPass(['o3', 'o2', 'o2', 'o1']), who);

    expect(chosen(fact)).toEqual({ kind: 'single', option: 'o1' });
  });

  test('is convinced by the wrong answer of a few', () => {
    const who = answering(['o1', 'o2', 'o3', 'o4'], reacting({ persuasion: { byWrong: 1 } }));

    const fact = answerOf(revision, afterFirstPass(['o1', 'o2', 'o2', 'o4']), who);

    expect(chosen(fact)).toEqual({ kind: 'single', option: 'o4' });
  });

  test('of a seat that held nothing starts from its own ranking', () => {
    const late = turnRef('revision', 2, 's9');

    const fact = answerOf(late, afterFirstPass(['o1', 'o2']), answering(wrong));

    expect(fact).toMatchObject({ choice: { option: 'o3' }, citing: null });
  });

  test('does not hear those who hold nothing', () => {
    const state = afterFirstPass(['o3', 'o1', 'o1']);
    const abstained = { kind: 'abstain', reason: 'declined' } as const;
    const [pass] = state.passes;
    const standing = { ...pass?.standing, s2: abstained, s3: abstained };
    const silenced = { ...state, passes: pass === undefined ? [] : [{ ...pass, standing }] };
    const who = answering(wrong, reacting({ conformity: { whenRight: 1 } }));

    expect(chosen(answerOf(revision, silenced, who))).toEqual({ kind: 'single', option: 'o3' });
  });

  test('of a seat that had abstained starts from its own ranking', () => {
    const state = afterFirstPass(['o1', 'o2']);
    const before = state.standpoints['s1'];
    const choice = { kind: 'abstain', reason: 'declined' } as const;
    const standpoints = before === undefined ? {} : { s1: { ...before, choice } };

    const fact = answerOf(revision, { ...state, standpoints }, answering(wrong));

    expect(chosen(fact)).toEqual({ kind: 'single', option: 'o3' });
  });
});

describe('a faulty member', () => {
  test('that is silent gives nothing and costs nothing', () => {
    const fact = answerOf(first, opened(), answering(options, { member: { fault: 'silent' } }));

    expect(fact).toMatchObject({
      type: 'turn.abstained',
      reason: 'provider-failed',
      usage: { inputTokens: 0, outputTokens: 0 },
    });
  });

  test('that lies names the lure, is sure, never moves, and puts the truth last', () => {
    const who = answering(options, {
      member: { fault: 'lying' },
      ...reacting({ conformity: { whenRight: 1 } }),
    });
    const protocol = { kind: 'ranked', method: 'schulze' } as const;

    const fact = answerOf(revision, afterFirstPass(['o2', 'o1', 'o1'], { protocol }), who);

    expect(fact).toMatchObject({
      choice: { kind: 'rank', options: ['o2', 'o3', 'o4', 'o1'] },
      confidence: 0.99,
    });
  });

  test('that lies vetoes the truth where it may, and only there', () => {
    const who = answering(options, { member: { fault: 'lying' } });
    const quorum = { kind: 'quorum', required: 2 } as const;

    const may = answerOf(first, opened({ protocol: { ...quorum, veto: true } }), who);
    const mayNot = answerOf(first, opened({ protocol: quorum }), who);
    const honest = answerOf(
      first,
      opened({ protocol: { ...quorum, veto: true } }),
      answering(options),
    );

    expect(may).toMatchObject({ vetoes: ['o1'] });
    expect(mayNot).not.toHaveProperty('vetoes');
    expect(honest).not.toHaveProperty('vetoes');
  });

  test('that answers by lot answers anew in every pass', () => {
    const who = answering(options, { member: { fault: 'random' } });
    const answers = [0, 1, 2, 3, 4, 5, 6, 7].map((pass) => {
      const state = opened();
      const [closed] = afterFirstPass(['o1']).passes;
      const passes = closed === undefined ? [] : Array.from({ length: pass }, () => closed);
      return JSON.stringify(chosen(answerOf(first, { ...state, passes }, who)));
    });

    expect(new Set(answers).size).toBeGreaterThan(2);
  });

  test('that flip-flops holds its second answer in even rounds', () => {
    const who = answering(['o3', 'o4', 'o1', 'o2'], { member: { fault: 'flip-flopping' } });
    const state = afterFirstPass(['o3', 'o1', 'o1']);

    const rounds = [1, 2, 3].map((round) =>
      chosen(answerOf(turnRef('revision', round, 's1'), state, who)),
    );

    expect(rounds).toEqual(['o3', 'o4', 'o3'].map((option) => ({ kind: 'single', option })));
  });
});

describe('other tasks', () => {
  test.each<[TurnTask, string]>([
    ['critique', 'critique.submitted'],
    ['synthesis', 'synthesis.written'],
    ['decomposition', 'question.decomposed'],
    ['grouping', 'answers.grouped'],
    ['judgement', 'judgement.given'],
    ['nomination', 'position.submitted'],
  ])('%s ends in %s', (task, type) => {
    const fact = answerOf(turnRef(task, 1, 'chair'), opened(), answering(options));

    expect(fact.type).toBe(type);
  });

  test('a judge starts from its own view and reacts to what the seats hold', () => {
    const who = answering(['o3', 'o1', 'o2', 'o4'], reacting({ conformity: { whenRight: 1 } }));
    const state = afterFirstPass(['o1', 'o1', 'o2']);

    const fact = answerOf(turnRef('judgement', 1, 'chair'), state, who);

    expect(chosen(fact)).toEqual({ kind: 'single', option: 'o1' });
  });
});

describe('cost', () => {
  test('of a call is the prompt, every earlier reply, and one reply', () => {
    const who = answering(options);
    const cost = (state: RunState): unknown => answerOf(first, state, who);

    expect(cost(opened())).toMatchObject({ usage: { inputTokens: 200, outputTokens: 300 } });
    expect(cost(afterFirstPass(['o1', 'o1', 'o2']))).toMatchObject({
      usage: { inputTokens: 200 + 3 * 300, outputTokens: 300 },
    });
  });

  test('of a reply is at most what the plan allows', () => {
    const fact = answerOf(first, opened({ maxOutputTokens: 100 }), answering(options));

    expect(fact).toMatchObject({ usage: { outputTokens: 100 } });
  });

  test('of a cancelled call is all it read and half a reply', () => {
    const { question } = answering(options);

    expect(cancelledOf(first, opened(), question)).toMatchObject({
      type: 'turn.cancelled',
      usage: { inputTokens: 200, outputTokens: 150 },
    });
  });
});
