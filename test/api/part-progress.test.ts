import { expect, test } from '@jest/globals';

import { collaborationView } from '../../api/collaboration-view.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import { analysed } from '../domain/analysis/recorded-analysis.ts';
import { answered, analysisPlan, notPlanned, partsEnding } from '../support/analyses.ts';

test('a part that could not be planned has no run to look at', async () => {
  const parts = partsEnding({ p1: notPlanned('p1'), p2: answered('p2') });
  const { events } = analysed({ parts });
  const row = {
    collaborationId: 'c_1',
    pattern: 'analysis',
    plan: analysisPlan(),
    request: { question: 'Shall we move?' },
    estimate: { microsUsd: null },
    budget: {
      limits: { tokens: null, microsUsd: null },
      reserved: { tokens: 0, microsUsd: 0 },
      settled: { tokens: 0, microsUsd: 0 },
    },
    recordSha256: null,
  } as unknown as Collaboration;
  const ledger = { readUpTo: () => Promise.resolve([...events]) };

  const view = await collaborationView({ ledger } as never, 'local', row);

  expect(
    view.progress.parts?.map(({ part, ending, collaboration }) => [part, ending, collaboration]),
  ).toEqual([
    ['p1', 'refused', null],
    ['p2', 'answered', 'c_1-p2'],
    ['p3', 'answered', 'c_1-p3'],
  ]);
});
