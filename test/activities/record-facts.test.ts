import { describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';

import { createRecordFacts } from '../../activities/record-facts.ts';
import type { RecordFactsInput } from '../../activities/activities.ts';
import { refusedPart } from '../../domain/analysis/part-end.ts';
import type { Fact } from '../../domain/collaboration/fact.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { asking, driveWith } from '../domain/approvals/people.ts';
import { ledgerOf } from '../domain/replay/driven-run.ts';
import type { RecordInput, RecordResult } from '../../infra/stores/turn-store.ts';

const fact: Fact = { type: 'deadline.passed' };
const input = {
  tenantId: 'local',
  collaborationId: 'c_1',
  facts: [{ id: 'c_1/deadline', fact }],
  awaited: ['proposal-1-s1'],
  known: 2,
};

async function recordWith(
  result: RecordResult,
  asked: RecordFactsInput = input,
  events: readonly LedgerEvent[] = [],
): Promise<{ readonly answer: unknown; readonly stored: readonly RecordInput[] }> {
  const stored: RecordInput[] = [];
  const recordFacts = createRecordFacts({
    ledger: { readUpTo: () => Promise.resolve([...events]) },
    artifacts: { get: () => Promise.reject(new Error('no artifact is long')) },
    collaborations: { get: () => Promise.resolve(undefined) },
    putText: () => Promise.reject(new Error('no text is long')),
    now: () => Date.parse('2026-11-21T10:00:00.000Z'),
    turns: {
      recordFacts: (record) => {
        stored.push(record);
        return Promise.resolve(result);
      },
    },
  });
  const environment = new MockActivityEnvironment({
    workflowExecution: { workflowId: 'debate/c_1', runId: 'run' },
  });
  return { answer: await environment.run(recordFacts, asked), stored };
}

describe('recording what a workflow decided', () => {
  test('hands all of it to the ledger, with the time and its source', async () => {
    const { stored } = await recordWith({ kind: 'recorded' });

    expect(stored).toEqual([
      { ...input, time: '2026-11-21T10:00:00.000Z', source: '/workflows/debate/c_1' },
    ]);
  });

  test('answers with nothing when it went as asked, so that the history stays small', async () => {
    expect((await recordWith({ kind: 'recorded' })).answer).toBeNull();
  });

  test.each<RecordResult>([
    { kind: 'replaced', facts: [fact] },
    { kind: 'behind', facts: [fact], decidedSteps: 1, outstanding: ['proposal-1-s1'] },
    { kind: 'missed', facts: [] },
  ])('answers with what stands instead when it did not: $kind', async (result) => {
    expect((await recordWith(result)).answer).toEqual(result);
  });
});

test('recording the end of a part reads nothing of the run', async () => {
  const ended: Fact = { type: 'part.ended', ...refusedPart('p1', 'budget') };
  const asked = { ...input, facts: [{ id: 'c_1/part-p1', fact: ended }] };

  // A ledger without events could not be read as a run.
  const { stored } = await recordWith({ kind: 'recorded' }, asked, []);

  expect(stored[0]?.facts).toEqual([
    {
      id: 'c_1/part-p1',
      fact: ended,
      content: { collaboration: null, answer: null, explanation: '' },
    },
  ]);
});

describe('recording what people are asked', () => {
  test('puts it into words from the ledger', async () => {
    const { facts } = driveWith(asking(), []);
    const step = facts
      .slice(-2)
      .map((one, index) => ({ id: `c_1/step-1-${String(index)}`, fact: one }));
    const events = ledgerOf(facts.slice(0, -2));
    const asked = { ...input, facts: step };

    const { stored } = await recordWith({ kind: 'recorded' }, asked, events);

    expect(stored[0]?.facts).toMatchObject(step);
    expect(stored[0]?.facts.map(({ content }) => content)).toEqual([
      undefined,
      { question: expect.stringMatching(/^The panel decided for "words of o1"/) as unknown },
    ]);
  });
});
