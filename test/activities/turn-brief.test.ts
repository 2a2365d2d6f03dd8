import { describe, expect, test } from '@jest/globals';

import { briefOf, seatOf, type TurnBrief } from '../../activities/turn-brief.ts';
import { caseFileOf, type CaseFile } from '../../domain/collaboration/case-file.ts';
import { turnRef, type Fact, type TurnRef } from '../../domain/collaboration/fact.ts';
import type { Plan } from '../../domain/collaboration/plan.ts';
import { machines, openingFacts } from '../../domain/machines.ts';
import { sha256Of } from '../../infra/signing.ts';
import { position } from '../support/drive.ts';
import { planWith, seats } from '../support/plans.ts';

const personas = { boatman: 'Think of the boat.' };
const isOver: Fact = { type: 'round.closed', round: 1, phase: 'proposal', reason: 'complete' };
const spending: Fact = {
  ...position(turnRef('proposal', 1, 's1'), 'a1'),
  usage: { inputTokens: 900, cachedTokens: 0, outputTokens: 300 },
  microsUsd: 700,
} as Fact;

/** A case in which s1 and s2 have answered, each in words of its own. */
function fileOf(fields: Partial<Plan>, facts: readonly Fact[] = []): CaseFile {
  const options = (fields.optionKeys ?? []).map((key) => `option ${key}`);
  const opened = { question: 'Shall we?', options, materials: [], personas };
  const all = [...openingFacts(planWith(fields)), ...facts];
  const events = all.map((fact, index) => ({ seq: index + 1, fact, content: contentOf(fact) }));
  return caseFileOf(events, machines);

  function contentOf(fact: Fact): unknown {
    if (fact.type === 'collaboration.opened') return opened;
    if (!('turn' in fact)) return undefined;
    return { answer: `words of ${fact.seat}`, rationale: 'so', evidence: [], critiques: [] };
  }
}

function brief(file: CaseFile, turn: TurnRef, vision?: boolean): TurnBrief {
  const capabilities = vision === undefined ? {} : { vision };
  return briefOf({ turn, file, agent: { capabilities }, sources: [], sha256: sha256Of });
}

const answered = [
  position(turnRef('proposal', 1, 's1'), 'a1'),
  position(turnRef('proposal', 1, 's2'), 'a2'),
];

describe('who sits where', () => {
  test('a seat and the chair are found by name', () => {
    const file = fileOf({});

    expect([seatOf(file, 's2').agent, seatOf(file, 'chair').agent]).toEqual(['a2', 'a1']);
  });

  test('a seat that nobody has is refused by name', () => {
    expect(() => seatOf(fileOf({}), 's9')).toThrow("seat: got s9, expected one of the run's");
  });
});

describe('a confidence', () => {
  test.each(['vote', 'critique', 'revision', 'grouping', 'judgement', 'synthesis'] as const)(
    'that somebody stated is shown to nobody who is asked for a %s',
    (task) => {
      const sure = answered.map((fact) => ({ ...fact, confidence: 0.8137 }) as Fact);
      const file = fileOf({ optionKeys: [], grouping: 'model' }, [...sure, isOver]);
      const seat = ['grouping', 'judgement', 'synthesis'].includes(task) ? 'chair' : 's3';

      const { material, context } = brief(file, turnRef(task, 2, seat));

      expect(JSON.stringify(material)).toContain('words of s1');
      expect(JSON.stringify([material, context])).not.toContain('8137');
    },
  );
});

describe('the brief of a seat', () => {
  const open = { optionKeys: [] };
  const judged: Partial<Plan> = { protocol: { kind: 'judge' } };

  test('shows no earlier pass before a blind proposal', () => {
    const { material, context } = brief(fileOf(open), turnRef('proposal', 1, 's1'));

    expect(material).toMatchObject({ passes: [], answers: [], own: { previousAnswer: null } });
    expect(context).toMatchObject({ previous: null, arguments: [], answers: [] });
  });

  test('shows what was said, its own answer in words, and whom it may cite but itself', () => {
    const file = fileOf(open, [...answered, isOver]);

    const { material, context } = brief(file, turnRef('revision', 2, 's1'));

    expect(material.passes).toMatchObject([
      { round: 1, entries: [{ seat: 's1' }, { seat: 's2' }] },
    ]);
    expect(material.own.previousAnswer).toBe('words of s1');
    expect(context.previous).toEqual({ kind: 'single', option: 'a1' });
    expect(context.arguments).toEqual([
      { name: expect.stringMatching(/^Participant [A-C]$/), turn: 'proposal-1-s2' },
    ]);
    expect(context.self).not.toBe(context.arguments[0]?.name);
  });

  test.each([
    [undefined, false],
    [false, false],
    [true, true],
  ])('takes images where its agent says so: %p', (vision, taken) => {
    const { material } = brief(fileOf({}), turnRef('proposal', 1, 's1'), vision);

    expect(material.own.vision).toBe(taken);
  });

  test('has the instructions of its personas, also of those that the request brought', () => {
    const own = seats(3).map((seat) => ({ ...seat, personas: ['boatman'] }));

    const { material } = brief(fileOf({ seats: own }), turnRef('proposal', 1, 's1'));

    expect(material.own.persona).toContain(personas.boatman);
  });

  test('with a persona that nobody knows is refused', () => {
    const own = seats(3).map((seat) => ({ ...seat, personas: ['nobody'] }));

    expect(() => brief(fileOf({ seats: own }), turnRef('proposal', 1, 's1'))).toThrow(
      'seat s1 has a persona that nobody knows',
    );
  });

  test.each([
    [
      { tokens: null, microsUsd: null },
      { tokens: null, microsUsd: null },
    ],
    [
      { tokens: 2000, microsUsd: 1000 },
      { tokens: 800, microsUsd: 300 },
    ],
    [
      { tokens: 1000, microsUsd: 500 },
      { tokens: 0, microsUsd: 0 },
    ],
  ])('of a budget of %p says that %p is left', (budget, budgetLeft) => {
    const file = fileOf({ ...open, budget }, [spending]);

    expect(brief(file, turnRef('proposal', 1, 's2')).material.own.budgetLeft).toEqual(budgetLeft);
  });

  test('of a judge on an open question offers the answers that stand', () => {
    const file = fileOf({ ...open, ...judged }, [...answered, isOver]);
    const standing = [
      { key: 'a1', text: 'words of s1' },
      { key: 'a2', text: 'words of s2' },
    ];

    const { material, context } = brief(file, turnRef('judgement', 1, 'chair'));

    expect(material).toMatchObject({ options: [], answers: standing });
    expect(context).toMatchObject({ options: standing, answers: standing, self: 'chair' });
  });

  test('of a judge on a closed question offers all options, chosen or not', () => {
    const file = fileOf(judged, [position(turnRef('proposal', 1, 's1'), 'o1'), isOver]);

    const { context } = brief(file, turnRef('judgement', 1, 'chair'));

    expect(context.options.map(({ key }) => key)).toEqual(['o1', 'o2']);
  });
});
