import { describe, expect, test } from '@jest/globals';

import { createAwaitPart, partContent, type PartEndDeps } from '../../activities/part-ends.ts';
import { inlineBytesMax } from '../../domain/ledger/event.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import type { Presence } from '../../infra/temporal/engine.ts';
import { sealedSample } from '../clients/cli/sealed-sample.ts';

const { record, events } = sealedSample();
const ref = { tenantId: 'local', collaborationId: 'c_1', part: 'p1' };

type Row = Pick<Collaboration, 'collaborationId' | 'pattern' | 'endedAt' | 'recordSha256'>;

const running: Row = {
  collaborationId: 'c_1-p1',
  pattern: 'debate',
  endedAt: null,
  recordSha256: null,
};
const sealed: Row = { ...running, endedAt: '2026-11-21T10:00:00.000Z', recordSha256: 'f00d' };

/** A part whose row is looked at again and again, and where Temporal has its workflow. */
function partOf(rows: readonly Row[], kind: 'busy' | 'closed' | 'absent') {
  const failed: string[] = [];
  const ended: string[] = [];
  let looks = 0;
  const lookAt = (): Row => {
    const row = rows[Math.min(looks++, rows.length - 1)] ?? running;
    return failed.length === 0 ? row : { ...row, endedAt: '2026-11-21T10:00:00.000Z' };
  };
  const deps: PartEndDeps = {
    collaborations: {
      get: () => Promise.resolve(lookAt() as Collaboration),
      markFailed: ({ collaborationId }) => {
        failed.push(collaborationId);
        return Promise.resolve();
      },
    },
    turns: {
      endAbandoned: ({ collaborationId }) => {
        ended.push(collaborationId);
        return Promise.resolve();
      },
    },
    ledger: { readUpTo: () => Promise.resolve([...events]) },
    presence: () => Promise.resolve<Presence>({ kind }),
    now: () => Date.parse('2026-11-21T10:00:00.000Z'),
  };
  return { awaitPart: createAwaitPart(deps), failed, ended, looks: () => looks };
}

describe('the end of a part', () => {
  test('is what its sealed run came to, with what it used', async () => {
    const { awaitPart } = partOf([sealed], 'closed');

    expect(await awaitPart(ref)).toMatchObject({
      part: 'p1',
      ending: 'answered',
      reason: null,
      record: 'f00d',
    });
  });

  test.each(['busy', 'absent'] as const)(
    'is looked for again while its workflow is %s',
    async (kind) => {
      const { awaitPart, failed } = partOf([running], kind);

      await expect(awaitPart(ref)).rejects.toMatchObject({
        type: 'part-running',
        nonRetryable: false,
        // Temporal spaces the looks: they get rarer.
        nextRetryDelay: undefined,
      });
      expect(failed).toEqual([]);
    },
  );

  test('is a failure when its workflow was ended without a seal', async () => {
    const { awaitPart, failed, ended } = partOf([running], 'closed');

    expect(await awaitPart(ref)).toMatchObject({ ending: 'failed', reason: null, record: null });
    expect(failed).toEqual(['c_1-p1']);
    expect(ended).toEqual(['c_1-p1']);
  });

  test('is the same failure at a second look, also where a verdict was never sealed', async () => {
    const { awaitPart, failed } = partOf([running], 'closed');
    const first = await awaitPart(ref);

    expect(events.map(({ type }) => type)).toContain('conclave.decision.reached.v1');
    expect(await awaitPart(ref)).toEqual(first);
    expect(failed).toEqual(['c_1-p1']);
  });

  test('is read from its row, which is read once', async () => {
    const { awaitPart, looks } = partOf([sealed], 'closed');

    await awaitPart(ref);

    expect(looks()).toBe(1);
  });

  test('is its own when the seal came between two looks', async () => {
    const { awaitPart, failed } = partOf([running, sealed], 'closed');

    expect(await awaitPart(ref)).toMatchObject({ ending: 'answered', record: 'f00d' });
    expect(failed).toEqual([]);
  });
});

describe('the words of a part', () => {
  const contentOf = async (answer: string | null) => {
    const texts: string[] = [];
    const bytes = new TextEncoder().encode(
      JSON.stringify({ ...record, decision: { ...record.decision, answer } }),
    );
    const content = await partContent(
      {
        collaborations: { get: () => Promise.resolve(sealed as Collaboration) },
        artifacts: { get: () => Promise.resolve(bytes) },
        putText: (_tenantId, text) => {
          texts.push(text);
          return Promise.resolve({ artifact: 'beef', bytes: text.length });
        },
      },
      'local',
      ref,
    );
    return { content, texts };
  };

  test('are those of its record', async () => {
    const { content } = await contentOf('Postgres');

    expect(content).toMatchObject({
      collaboration: 'c_1-p1',
      answer: 'Postgres',
      explanation: record.decision.explanation,
    });
  });

  test('are kept elsewhere where they are too long for an event', async () => {
    const long = 'x'.repeat(inlineBytesMax + 1);

    const { content, texts } = await contentOf(long);

    expect(content.answer).toEqual({ artifact: 'beef', bytes: long.length });
    expect(texts).toEqual([long]);
  });

  test('are none where it decided nothing', async () => {
    expect((await contentOf(null)).content.answer).toBeNull();
  });
});
