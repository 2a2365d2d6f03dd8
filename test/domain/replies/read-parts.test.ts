import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { cycleIn } from '../../../domain/analysis/cutting.ts';
import { answerKey } from '../../../domain/replies/answer-key.ts';
import { replySchema } from '../../../domain/replies/reply-schema.ts';
import type { ReplyContext } from '../../../domain/replies/reply.ts';
import { open, read, replyOf, sha256 } from './contexts.ts';

const cutting: ReplyContext = { ...open, cutting: { partsMax: 3 } };
const writing: ReplyContext = { ...open, parts: ['p1', 'p2', 'p3'] };

function parts(...proposed: readonly unknown[]): unknown {
  return { rationale: 'It falls apart.', parts: proposed };
}

const first = { question: 'Who may?', kind: 'security', after: [] };

describe('a decomposition', () => {
  test('gives parts and their words', () => {
    const second = { question: 'How fast?', kind: 'Factual', after: ['p1'] };

    expect(replyOf('decomposition', parts(first, second), cutting)).toEqual({
      kind: 'decomposition',
      parts: [
        { part: 'p1', kind: 'security', after: [] },
        { part: 'p2', kind: 'factual', after: ['p1'] },
      ],
      questions: [
        { part: 'p1', question: 'Who may?' },
        { part: 'p2', question: 'How fast?' },
      ],
      rationale: 'It falls apart.',
    });
  });

  test.each(['p1', 'P1', '1', 1, 'Part 1', 'part p1', 'p01'])(
    'takes %j for the first part',
    (name) => {
      const second = { question: 'How fast?', kind: 'factual', after: [name] };

      expect(replyOf('decomposition', parts(first, second), cutting)).toMatchObject({
        parts: [{}, { after: ['p1'] }],
      });
    },
  );

  test('takes a text for a part about anything', () => {
    expect(replyOf('decomposition', parts('Who may?'), cutting)).toMatchObject({
      parts: [{ kind: 'other' }],
      questions: [{ question: 'Who may?' }],
    });
  });

  test.each([
    [
      { parts: 'none' },
      'parts: got "none", expected a list of parts, each with question, kind and after',
    ],
    [parts(), 'parts: got 0, expected 1 to 3 parts'],
    [parts(null), 'parts[0].question: got "", expected a question of 1 to 2,000 characters'],
    [
      parts({ ...first, after: ['the last'] }),
      'parts[0].after: got "the last", expected only names out of p1',
    ],
  ])('that is none is told what is wrong (%#)', (fields, instruction) => {
    expect(read('decomposition', fields, cutting)).toEqual({
      ok: false,
      fault: 'invalid-answer',
      instruction,
      isRepairable: true,
    });
  });

  test('has one part where nobody says how many there may be', () => {
    expect(read('decomposition', parts(first, { ...first, question: 'Two?' }), open)).toMatchObject(
      {
        instruction: 'parts: got 2, expected 1 part',
      },
    );
  });

  test('cannot be declined', () => {
    expect(read('decomposition', { abstain: true, ...(parts(first) as object) }, cutting).ok).toBe(
      true,
    );
  });

  test('is accepted only where its parts can be answered one after the other, whatever comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.jsonValue()), (any, list) => {
        for (const fields of [any, { parts: list }, { parts: [{ ...first, after: any }] }]) {
          const result = read('decomposition', fields, cutting);
          const found =
            result.ok && result.reply.kind === 'decomposition' ? result.reply.parts : [];
          expect(cycleIn(found)).toBeNull();
          expect(found.length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });

  test('is asked for by a schema that says how many there may be', () => {
    expect(replySchema('decomposition', cutting)).toMatchObject({
      name: 'decomposition',
      jsonSchema: {
        properties: {
          parts: { description: '1 to 3 parts, which together answer the question.' },
        },
      },
    });
    expect(replySchema('decomposition', open)).toMatchObject({
      jsonSchema: { properties: { parts: { description: expect.stringContaining('1 to 12') } } },
    });
  });
});

describe('the synthesis of an analysis', () => {
  const answer = 'Move, but not yet.';

  function contradictionsIn(contradictions: unknown): unknown {
    const reply = replyOf('synthesis', { answer, contradictions }, writing);
    return reply.kind === 'synthesis' ? reply.ofParts?.contradictions : null;
  }

  test('has a key, and names contradictions', () => {
    const contradictions = [{ parts: ['p3', 'p1'], about: 'the cost' }];

    expect(replyOf('synthesis', { answer, rationale: 'so', contradictions }, writing)).toEqual({
      kind: 'synthesis',
      answer,
      rationale: 'so',
      ofParts: {
        key: answerKey(answer, 'exact', sha256),
        contradictions: [{ parts: ['p1', 'p3'], about: 'the cost' }],
      },
    });
  });

  test.each([
    ['nothing', undefined],
    ['no list', 'p1 and p2'],
    ['no object', ['p1 and p2', null]],
    ['one part', [{ parts: ['p1', 'p1'], about: 'itself' }]],
    ['parts that did not answer', [{ parts: ['p1', 'p4'], about: 'the cost' }]],
    ['no words', [{ parts: ['p1', 'p2'], about: '' }]],
  ])('drops contradictions of %s', (_what, contradictions) => {
    expect(contradictionsIn(contradictions)).toEqual([]);
  });

  test('keeps sixteen contradictions at most', () => {
    const many = Array.from({ length: 20 }, () => ({ parts: ['p1', 'p2'], about: 'it' }));

    expect(contradictionsIn(many)).toHaveLength(16);
  });

  test('is asked for by a schema that names the parts', () => {
    expect(replySchema('synthesis', writing)).toMatchObject({
      jsonSchema: {
        properties: {
          contradictions: {
            items: { properties: { parts: { items: { enum: ['p1', 'p2', 'p3'] } } } },
          },
        },
      },
    });
  });

  test('is that of a debate without parts', () => {
    expect(replyOf('synthesis', { answer, contradictions: [] }, open)).not.toHaveProperty(
      'ofParts',
    );
    expect(replySchema('synthesis', open)).not.toHaveProperty(
      'jsonSchema.properties.contradictions',
    );
  });
});
