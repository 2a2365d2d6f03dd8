import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { analysis } from '../../../domain/analysis/analysis.ts';
import { partRequest } from '../../../domain/analysis/part-request.ts';
import { questionKinds } from '../../../domain/calibration/question-kind.ts';
import type { CollaborationRequest } from '../../../domain/collaboration/request.ts';
import { makePlan } from '../../../domain/planning/plan.ts';
import { notPlanned, part } from '../../support/analyses.ts';
import { chair } from '../../support/analyses.ts';
import { drive } from '../../support/drive.ts';
import { sha256 } from '../ledger/sample-run.ts';
import { agents, closedVote, context, faultsIn, openDebate, planned } from './panel.ts';

const whole: CollaborationRequest = { pattern: 'analysis', question: 'Shall we move?' };

function asked(fields: Partial<CollaborationRequest>): CollaborationRequest {
  return { ...whole, ...fields };
}

describe('the plan of an analysis', () => {
  test('says how the question is cut', () => {
    const { plan } = planned(whole, agents(3));

    expect(plan).toMatchObject({
      pattern: 'analysis',
      synthesis: true,
      rounds: 1,
      cutting: { partsMax: 4, personasFixed: [], outputFixed: null },
    });
  });

  test('cuts as far as it is asked to', () => {
    expect(planned(asked({ parts: 7, thoroughness: 0 })).plan.cutting?.partsMax).toBe(7);
  });

  test('cuts further the more thorough it is', () => {
    expect(planned(asked({ thoroughness: 0.9 })).plan.cutting?.partsMax).toBe(8);
  });

  test('remembers which seats have personas of the request, and the longest reply it names', () => {
    const participants = [
      'a1',
      { agent: 'a2', persona: 'critic' },
      { agent: 'a3', personas: ['architect'] },
      { agent: 'a4' },
    ];

    expect(planned(asked({ participants, maxOutputTokens: 900 })).plan.cutting).toMatchObject({
      personasFixed: ['s2', 's3'],
      outputFixed: 900,
    });
  });

  test('holds back what the synthesis may need', () => {
    const { plan } = planned(asked({ parts: 2, maxOutputTokens: 1000 }), agents(3));

    // The prompt, two answers with their questions, and the reply; a dollar per million in, five out.
    const input = plan.promptTokens + 2 * (1000 + 700);
    expect(plan.cutting?.reserve).toEqual({ tokens: input + 1000, microsUsd: input + 5000 });
  });

  test('holds back no money where the price is unknown', () => {
    const { plan } = planned(whole, agents(3, { price: null }));

    expect(plan.cutting?.reserve.microsUsd).toBe(0);
  });

  test.each([closedVote, openDebate])('is the only one that cuts (%#)', (request) => {
    expect(planned(request).plan).not.toHaveProperty('cutting');
  });
});

describe('what an analysis cannot be asked for', () => {
  test.each([
    [{ options: ['yes', 'no'] }, 'options', 'none in an analysis, which is answered by a text'],
    [{ synthesis: false }, 'synthesis', 'true or nothing, for an analysis ends with a synthesis'],
    [
      { people: { points: ['round' as const] } },
      'people.points',
      'no point round, for an analysis has no rounds',
    ],
    [{ participants: ['a1'] }, 'participants', 'at least 2 participants in an analysis'],
  ])('is told (%#)', (fields, field, expected) => {
    expect(faultsIn(asked(fields))).toContainEqual({ field, got: expect.any(String), expected });
  });

  test.each([
    [{ protocol: { kind: 'plurality' as const } }, 'protocol'],
    [{ rounds: 2 }, 'rounds'],
    [{ depth: 'split' as const }, 'depth'],
    [{ gate: 'off' as const }, 'gate'],
    [{ grouping: 'model' as const }, 'grouping'],
    [{ stopOnStability: true }, 'stopOnStability'],
    [{ endsEarly: true }, 'endsEarly'],
    [{ toleratedFaults: 1 }, 'toleratedFaults'],
  ])('is what belongs to a vote: %j', (fields, field) => {
    expect(faultsIn(asked(fields))).toEqual([
      {
        field,
        got: expect.any(String),
        expected: 'none in an analysis, where each part has its own by its kind',
      },
    ]);
  });

  test('may be a synthesis and questions at the start', () => {
    const people = { questions: ['Why?'], points: ['decision' as const] };

    expect(planned(asked({ synthesis: true, people })).plan.people?.points).toEqual([
      'start',
      'decision',
    ]);
  });

  test('is asked of an analysis alone: parts', () => {
    expect(faultsIn({ ...openDebate, parts: 3 })).toEqual([
      {
        field: 'parts',
        got: '3',
        expected: 'none in a debate: only an analysis is cut into parts',
      },
    ]);
  });
});

describe('the estimate of an analysis', () => {
  test('has the cut, the synthesis and as many of the dearest parts as there may be', () => {
    const two = planned(asked({ parts: 2 }), agents(3)).estimate.calls;
    const three = planned(asked({ parts: 3 }), agents(3)).estimate.calls;

    // Three seats in two rounds, a judge and a synthesis.
    expect([two, three]).toEqual([2 + 2 * 8, 2 + 3 * 8]);
  });

  test('names the smallest budget with the parts that need it', () => {
    expect(faultsIn(asked({ budget: { tokens: 100 } }), agents(3))).toEqual([
      {
        field: 'budget.tokens',
        got: '100',
        expected: expect.stringMatching(
          /^at least \d+ tokens, what one round of 3 participants in each of up to 4 parts needs$/,
        ),
      },
    ]);
  });

  test('is enough: with the smallest budget every part that is cut can be planned', () => {
    const requests = fc.record({
      parts: fc.integer({ min: 1, max: 12 }),
      thoroughness: fc.constantFrom(0, 0.3, 0.5, 0.8, 1),
      kind: fc.constantFrom(...questionKinds),
    });

    fc.assert(
      fc.property(requests, ({ parts, thoroughness, kind }) => {
        const panel = agents(3);
        const least = planned(asked({ parts, thoroughness }), panel).estimate.oneRoundTokens;
        const { plan } = planned(asked({ parts, thoroughness, budget: { tokens: least } }), panel);
        const cut = Array.from({ length: parts }, (_, index) =>
          part(`p${String(index + 1)}`, [], { kind }),
        );
        const { facts } = drive(analysis, plan, chair(cut), {
          parts: (names) => names.map(notPlanned),
        });

        const opened = facts.flatMap((fact) => (fact.type === 'part.opened' ? [fact] : []));
        expect(opened).toHaveLength(parts);
        for (const { part: name, budget } of opened) {
          const brief = {
            plan,
            whole: { question: whole.question, materials: [], personas: {} },
            part: part(name, [], { kind }),
            question: 'How fast is it?',
            needed: [],
            budget,
          };
          expect(makePlan(partRequest(brief, sha256), panel, context).ok).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});
