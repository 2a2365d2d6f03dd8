import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { cutQuestion, cycleIn, type ProposedPart } from '../../../domain/analysis/cutting.ts';
import { part } from '../../support/analyses.ts';

const three = { partsMax: 3 };

function proposed(question: string, more: Partial<ProposedPart> = {}): ProposedPart {
  return { question, kind: 'security', after: [], ...more };
}

function faultOf(parts: readonly ProposedPart[], partsMax = 3): unknown {
  const cut = cutQuestion(parts, { partsMax });
  return cut.ok ? null : cut.fault;
}

describe('cutQuestion', () => {
  test('names the parts in their order', () => {
    const cut = cutQuestion(
      [proposed('Who may?'), proposed('How fast?', { kind: 'factual', after: ['p1', 'p1'] })],
      three,
    );

    expect(cut).toEqual({
      ok: true,
      parts: [
        { part: 'p1', kind: 'security', after: [] },
        { part: 'p2', kind: 'factual', after: ['p1'] },
      ],
      questions: [
        { part: 'p1', question: 'Who may?' },
        { part: 'p2', question: 'How fast?' },
      ],
    });
  });

  test('lets a part need a later one', () => {
    expect(faultOf([proposed('One?', { after: ['p2'] }), proposed('Two?')])).toBeNull();
  });

  test('refuses more parts than the plan allows', () => {
    const parts = ['One?', 'Two?', 'Three?', 'Four?'].map((question) => proposed(question));

    expect(faultOf(parts)).toEqual({ field: 'parts', got: 4, expected: '1 to 3 parts' });
  });

  test('refuses no part at all', () => {
    expect(faultOf([], 1)).toEqual({ field: 'parts', got: 0, expected: '1 part' });
  });

  test('refuses a part without a question', () => {
    expect(faultOf([proposed('One?'), proposed('')])).toEqual({
      field: 'parts[1].question',
      got: '',
      expected: 'a question of 1 to 2,000 characters',
    });
  });

  test('refuses a question that is too long, by its length', () => {
    expect(faultOf([proposed('x'.repeat(2001))])).toMatchObject({ got: 2001 });
  });

  test('refuses a kind that nobody knows', () => {
    expect(faultOf([proposed('One?', { kind: 'magic' })])).toEqual({
      field: 'parts[0].kind',
      got: 'magic',
      expected: 'one of factual, design, security, planning, other',
    });
  });

  test('refuses a need for a part that is not there', () => {
    expect(faultOf([proposed('One?', { after: ['p2'] })])).toEqual({
      field: 'parts[0].after',
      got: 'p2',
      expected: 'only names out of p1',
    });
  });

  test('refuses a part that needs itself', () => {
    expect(faultOf([proposed('One?', { after: ['p1'] })])).toEqual({
      field: 'parts[0].after',
      got: 'p1',
      expected: 'other parts, not the part itself',
    });
  });

  test('refuses a part that is asked twice, however it is written', () => {
    expect(faultOf([proposed('Who may?'), proposed('"WHO  may?"')])).toEqual({
      field: 'parts[1].question',
      got: '"WHO  may?"',
      expected: 'another question than that of p1',
    });
  });

  test('names the cycle of parts that need each other', () => {
    const parts = [
      proposed('One?', { after: ['p3'] }),
      proposed('Two?', { after: ['p1'] }),
      proposed('Three?', { after: ['p2'] }),
    ];

    expect(faultOf(parts)).toEqual({
      field: 'parts',
      got: 'p1 -> p3 -> p2 -> p1',
      expected: 'parts that can be answered one after the other',
    });
  });
});

describe('cycleIn', () => {
  test('leaves out the way into the cycle', () => {
    expect(cycleIn([part('p1', ['p2']), part('p2', ['p3']), part('p3', ['p2'])])).toEqual([
      'p2',
      'p3',
      'p2',
    ]);
  });

  test('takes a part that two others need for no cycle', () => {
    expect(cycleIn([part('p1', ['p3']), part('p2', ['p3', 'p1']), part('p3')])).toBeNull();
  });

  test('takes a need for nothing known for none', () => {
    expect(cycleIn([part('p1', ['p9'])])).toBeNull();
  });

  test('finds one exactly where the parts cannot be put into an order', () => {
    const graphs = fc.array(fc.uniqueArray(fc.nat({ max: 5 }), { maxLength: 3 }), {
      minLength: 6,
      maxLength: 6,
    });

    fc.assert(
      fc.property(graphs, (needs) => {
        const parts = needs.map((after, index) =>
          part(
            `p${String(index)}`,
            after.filter((other) => other !== index).map((other) => `p${String(other)}`),
          ),
        );

        const cycle = cycleIn(parts);

        expect(cycle === null).toBe(canBeOrdered(parts));
        cycle?.slice(1).forEach((name, index) => {
          expect(parts.find((one) => one.part === cycle[index])?.after).toContain(name);
        });
        expect(cycle?.at(0)).toBe(cycle?.at(-1));
      }),
    );
  });
});

/** Takes away parts whose needs are gone, until none is left or none can be taken. */
function canBeOrdered(parts: readonly ReturnType<typeof part>[]): boolean {
  const rest = parts.filter(({ after }) =>
    after.some((name) => parts.some((one) => one.part === name)),
  );
  if (rest.length === parts.length) return parts.length === 0;
  return canBeOrdered(rest);
}
