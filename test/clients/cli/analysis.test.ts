import { describe, expect, test } from '@jest/globals';

import { decisionText, eventLine } from '../../../clients/cli/rendering.ts';
import { startBody } from '../../../clients/cli/start-request.ts';
import type { Decision, PartReport } from '../../../domain/collaboration/decision.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { sealedSample } from './sealed-sample.ts';

const { decision } = sealedSample().record;

const part: PartReport = {
  part: 'p1',
  question: 'What does it cost?',
  kind: 'factual',
  pattern: 'consensus',
  after: [],
  collaboration: 'c_1-p1',
  ending: 'answered',
  reason: null,
  answer: 'A million a year.',
  explanation: '2 of 2 votes',
  record: 'f00d',
  cost: decision.cost,
};

const unbegun: PartReport = {
  ...part,
  part: 'p2',
  collaboration: null,
  ending: 'refused',
  reason: 'budget',
  answer: null,
  record: null,
};

function analysed(more: Partial<Decision>): string {
  return decisionText({ ...decision, votes: [], partial: true, contradictions: [], ...more });
}

describe('the decision of an analysis', () => {
  test('tells what each part came to, and where', () => {
    const text = analysed({ parts: [part, unbegun] });

    expect(text).toContain('  p1 factual, by consensus, c_1-p1, ');
    expect(text).toContain('What does it cost? -> A million a year.');
    expect(text).toContain('  p2 factual, by consensus: What does it cost? -> refused (budget)');
  });

  test('counts no rounds', () => {
    const text = analysed({ parts: [part] });

    expect(text).toContain(`${decision.explanation}; stopped by`);
  });

  test('names contradictions', () => {
    const contradictions = [{ parts: ['p1', 'p2'], about: 'the price' }];

    expect(analysed({ parts: [part], contradictions })).toContain(
      '  p1 and p2 contradict each other: the price',
    );
  });
});

function lineOf(type: LedgerEvent['type'], data: LedgerEvent['data']): string {
  return eventLine({
    id: 'c_1/x',
    type,
    source: '/workflows/analysis/c_1',
    subject: 'c_1',
    time: '2026-11-21T10:00:00.000Z',
    stream: 'c_1',
    seq: 3,
    previousHash: '',
    hash: '',
    data,
  });
}

describe('an event of an analysis', () => {
  test.each([
    [{ tokens: 900, microsUsd: null }, 'p1 as c_1-p1, at most 900 tokens'],
    [{ tokens: 900, microsUsd: 20_000 }, 'p1 as c_1-p1, at most 900 tokens and 0.02 USD'],
    [{ tokens: null, microsUsd: null }, 'p1 as c_1-p1, no limit of its own'],
  ])('says what a part begins with: %j', (budget, told) => {
    expect(lineOf('conclave.part.opened.v1', { part: 'p1', budget })).toContain(told);
  });

  test('says what a part came to, or why it came to nothing', () => {
    const content = { collaboration: 'c_1-p1', answer: 'Yes.', explanation: '' };
    const answered = { part: 'p1', ending: 'answered', reason: null, content };
    const refused = { part: 'p2', ending: 'refused', reason: 'stopped' };

    expect(lineOf('conclave.part.ended.v1', answered)).toContain('p1 answered Yes.');
    expect(lineOf('conclave.part.ended.v1', refused)).toMatch(/p2 refused \(stopped\)$/);
  });

  test('lists the parts of a cut', () => {
    const parts = [
      { part: 'p1', question: 'What?' },
      { part: 'p2', question: 'How?' },
    ];
    const turn = 'decomposition-1-chair';

    const line = lineOf('conclave.question.decomposed.v1', { turn, content: { parts } });

    expect(line).toContain('p1 What?: p2 How?');
  });
});

test('the most parts are sent as they were said', async () => {
  const body = await startBody('analysis', 'What next?', { parts: 3 });

  expect(body).toEqual({ pattern: 'analysis', question: 'What next?', parts: 3 });
});
