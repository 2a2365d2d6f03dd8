import { describe, expect, test } from '@jest/globals';

import type { Cutting } from '../../../domain/analysis/analysis-terms.ts';
import { partRequest, type PartBrief } from '../../../domain/analysis/part-request.ts';
import { idOfPart, planOfPart } from '../../../domain/analysis/part-plan.ts';
import { collaborationRequestSchema } from '../../../domain/collaboration/request-schema.ts';
import { seats } from '../../support/plans.ts';
import { analysisPlan, part } from '../../support/analyses.ts';
import { sha256 } from '../ledger/sample-run.ts';
import { agents, context } from '../planning/panel.ts';

function brief(fields: Partial<PartBrief> = {}): PartBrief {
  return {
    plan: analysisPlan(),
    whole: { question: 'Shall we?', materials: [], personas: {} },
    part: part('p2', ['p1'], { kind: 'design' }),
    question: 'Which store?',
    needed: [],
    budget: { tokens: null, microsUsd: null },
    ...fields,
  };
}

function cutting(fields: Partial<Cutting>): Cutting {
  const reserve = { tokens: 0, microsUsd: 0 };
  return { partsMax: 4, reserve, personasFixed: [], outputFixed: null, ...fields };
}

describe('partRequest', () => {
  test('asks as somebody would who knew the kind of the question', () => {
    expect(partRequest(brief(), sha256)).toEqual({
      pattern: 'debate',
      question: 'Which store?',
      materials: [{ name: 'the-whole-question.md', text: 'Shall we?' }],
      participants: [
        { agent: 'a1', personas: ['architect'] },
        { agent: 'a2', personas: ['pragmatist'] },
        { agent: 'a3', personas: ['critic'] },
      ],
      protocol: { kind: 'judge' },
      grouping: 'normalised',
      chair: 'a1',
      thoroughness: 0.5,
      questionKind: 'design',
      budget: {},
      allowFallback: false,
      seed: sha256('00ff/p2'),
    });
  });

  test('is one that the schema of requests takes', () => {
    const request = partRequest(brief({ budget: { tokens: 5000, microsUsd: 20_000 } }), sha256);

    expect(collaborationRequestSchema.safeParse(request).success).toBe(true);
  });

  test('deals personas in turn where there are more seats than personas', () => {
    const plan = analysisPlan({ seats: seats(3) });
    const { participants } = partRequest(brief({ plan, part: part('p1') }), sha256);

    expect(participants).toMatchObject([
      { personas: ['security'] },
      { personas: ['critic'] },
      { personas: ['security'] },
    ]);
  });

  test('leaves each seat its own personas in a vote', () => {
    const { participants } = partRequest(
      brief({ part: part('p1', [], { kind: 'factual' }) }),
      sha256,
    );

    expect(participants).toEqual([{ agent: 'a1' }, { agent: 'a2' }, { agent: 'a3' }]);
  });

  test('keeps personas that the request of the whole named', () => {
    const plan = analysisPlan({
      seats: seats(2).map((seat) => ({ ...seat, personas: ['lawyer'] })),
      cutting: cutting({ personasFixed: ['s1'] }),
    });

    const request = partRequest(
      brief({
        plan,
        whole: { question: 'Shall we?', materials: [], personas: { lawyer: 'Sue.' } },
      }),
      sha256,
    );

    expect(request.participants).toMatchObject([
      { personas: ['lawyer'] },
      { personas: ['pragmatist'] },
    ]);
    expect(request.personas).toEqual({ lawyer: 'Sue.' });
  });

  test('lets weights count', () => {
    const plan = analysisPlan({ seats: seats(2).map((seat) => ({ ...seat, weight: 2 })) });
    const request = partRequest(brief({ plan }), sha256);

    expect(request.protocol).toEqual({ kind: 'weighted' });
    expect(request.participants).toMatchObject([{ weight: 2 }, { weight: 2 }]);
  });

  test('gives the answers that it needs, and the materials of the whole by reference', () => {
    const { materials } = partRequest(
      brief({
        whole: {
          question: 'Shall we?',
          materials: [{ name: 'plan.md', mediaType: 'text/markdown', bytes: 3, sha256: 'ab' }],
          personas: {},
        },
        needed: [
          { part: 'p1', question: 'Who may?', answer: 'All.' },
          { part: 'p3', question: 'How fast?', answer: null },
        ],
      }),
      sha256,
    );

    expect(materials).toEqual([
      { name: 'the-whole-question.md', text: 'Shall we?' },
      { name: 'answer-of-p1.md', text: 'Asked: Who may?\n\nAnswered: All.\n' },
      { name: 'plan.md', artifact: 'ab' },
    ]);
  });

  test('has the longest reply that the request of the whole named', () => {
    const plan = analysisPlan({ cutting: cutting({ outputFixed: 700 }) });

    expect(partRequest(brief({ plan }), sha256).maxOutputTokens).toBe(700);
  });

  test('has its share of the budget', () => {
    const { budget } = partRequest(brief({ budget: { tokens: 0, microsUsd: 1_500 } }), sha256);

    expect(budget).toEqual({ tokens: 0, usd: 0.0015 });
  });
});

describe('planOfPart', () => {
  const parent = { collaborationId: 'c_whole', part: 'p2' };

  test('names what it is a part of', () => {
    const request = partRequest(brief(), sha256);
    const planned = planOfPart({ request, panel: agents(3), context }, parent);

    expect(planned).toMatchObject({ ok: true, plan: { pattern: 'debate', parent } });
  });

  test('tells why there is none', () => {
    const request = partRequest(brief({ budget: { tokens: 10, microsUsd: null } }), sha256);
    const planned = planOfPart({ request, panel: agents(3), context }, parent);

    expect(planned).toMatchObject({ ok: false, faults: [{ field: 'budget.tokens', got: '10' }] });
  });
});

describe('idOfPart', () => {
  test('is that of the whole with the name of the part', () => {
    expect(idOfPart({ collaborationId: 'c_whole', part: 'p2' })).toBe('c_whole-p2');
  });
});
