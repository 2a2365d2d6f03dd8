import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { CollaborationSummary, SealInput } from '../../../infra/stores/collaboration-store.ts';
import { newRun, openFixture, planWith, time, unlimited } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

const key = (requestSha256: string, name: string) => ({
  idempotency: { key: name, requestSha256 },
});

function sealOf(collaborationId: string): SealInput {
  return {
    tenantId: 'one',
    collaborationId,
    status: 'completed',
    recordSha256: 'aa',
    transcriptSha256: 'bb',
    decision: {
      kind: 'decided',
      answer: 'yes',
      reason: null,
      explanation: 'all agreed',
      rounds: 3,
      stoppedBy: 'rounds',
      cost: {
        inputTokens: 1,
        cachedTokens: 0,
        outputTokens: 1,
        usd: 0.01,
        calls: 15,
        unknownCalls: 0,
      },
      simulated: true,
    },
    event: {
      id: `${collaborationId}/sealed`,
      type: 'conclave.decision.sealed.v1',
      source: '/workflows/debate',
      subject: collaborationId,
      time: '2026-03-01T10:05:00.000Z',
      data: { record: 'aa', transcript: 'bb', keyId: 'k' },
    },
  };
}

describe('opening a run', () => {
  test('stores row, request, plan, budget and first event together', async () => {
    const { collaborations, ledger } = fixture.stores;
    const budget = { tokens: 500, microsUsd: 20_000 };

    expect(await collaborations.create(newRun('opened', { budget }))).toEqual({ kind: 'created' });

    expect(await collaborations.get('one', 'opened')).toEqual({
      collaborationId: 'opened',
      pattern: 'debate',
      status: 'queued',
      question: 'Should we move the archive?',
      createdAt: time,
      startedAt: null,
      endedAt: null,
      decision: null,
      simulated: true,
      request: { pattern: 'debate', question: 'Should we move the archive?' },
      plan: planWith(budget),
      estimate: newRun('opened').estimate,
      recordSha256: null,
      transcriptSha256: null,
      budget: {
        limits: budget,
        reserved: { tokens: 0, microsUsd: 0 },
        settled: { tokens: 0, microsUsd: 0 },
      },
    });
    const events = await ledger.readUpTo({ tenantId: 'one', stream: 'opened' });
    expect(events.map(({ id }) => id)).toEqual(['opened/opened']);
  });

  test.each([true, false])(
    'is simulated: %j, when nobody but the chair can be',
    async (simulated) => {
      const { collaborations } = fixture.stores;
      const collaborationId = `chaired-${String(simulated)}`;
      const { plan } = newRun(collaborationId);
      const seats = plan.seats.map((seat) => ({ ...seat, simulated: false }));
      const chaired = { ...plan, seats, chair: { ...plan.chair, simulated } };

      await collaborations.create(newRun(collaborationId, { plan: chaired }));

      expect(await collaborations.get('one', collaborationId)).toMatchObject({ simulated });
    },
  );

  test('the same key with the same body answers the first run', async () => {
    const { collaborations } = fixture.stores;
    await collaborations.create(newRun('first', key('body', 'replay')));

    const again = await collaborations.create(newRun('second', key('body', 'replay')));

    expect(again).toEqual({ kind: 'replayed', collaborationId: 'first' });
    expect(await collaborations.get('one', 'second')).toBeUndefined();
    expect(await fixture.stores.ledger.readUpTo({ tenantId: 'one', stream: 'second' })).toEqual([]);
  });

  test('the same key with another body is a conflict', async () => {
    const { collaborations } = fixture.stores;
    await collaborations.create(newRun('body-1', key('body', 'conflict')));

    const other = await collaborations.create(newRun('body-2', key('other', 'conflict')));

    expect(other).toEqual({ kind: 'conflict', collaborationId: 'body-1' });
    expect(await collaborations.get('one', 'body-2')).toBeUndefined();
  });

  test('one key is used once, however many starts arrive at once', async () => {
    const { collaborations } = fixture.stores;
    const ids = Array.from({ length: 10 }, (_, index) => `burst-${String(index)}`);

    const results = await Promise.all(
      ids.map((id) => collaborations.create(newRun(id, key('body', 'burst')))),
    );

    expect(results.filter(({ kind }) => kind === 'created')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'replayed')).toHaveLength(9);
  });

  test('a key belongs to its tenant', async () => {
    const { collaborations } = fixture.stores;
    await collaborations.create(newRun('mine', key('body', 'own')));

    const theirs = await collaborations.create(
      newRun('theirs', { tenantId: 'two', ...key('other', 'own') }),
    );

    expect(theirs).toEqual({ kind: 'created' });
    expect(await collaborations.get('one', 'theirs')).toBeUndefined();
  });

  test('opening the same run twice is opening it once', async () => {
    const { collaborations, ledger } = fixture.stores;
    const run = newRun('repeated', key('body', 'repeated'));
    await collaborations.create(run);

    expect(await collaborations.create(run)).toEqual({ kind: 'created' });
    expect(await ledger.readUpTo({ tenantId: 'one', stream: 'repeated' })).toHaveLength(1);
  });

  test('keeps 200 whole characters of a long and strange question', async () => {
    const { collaborations } = fixture.stores;
    const question = `\0${'😀'.repeat(300)}`;

    await collaborations.create(newRun('long', { question, request: { question } }));

    const run = await collaborations.get('one', 'long');
    expect(run?.question).toBe(`\uFFFD${'😀'.repeat(199)}`);
    expect(run?.request).toEqual({ question });
  });
});

describe('life of a run', () => {
  test('runs once and keeps the time of its first start', async () => {
    const { collaborations } = fixture.stores;
    await collaborations.create(newRun('started'));
    const at = { tenantId: 'one', collaborationId: 'started' };

    await collaborations.markRunning({ ...at, time: '2026-03-01T10:00:01.000Z' });
    await collaborations.markRunning({ ...at, time: '2026-03-01T10:00:09.000Z' });

    expect(await collaborations.get('one', 'started')).toMatchObject({
      status: 'running',
      startedAt: '2026-03-01T10:00:01.000Z',
    });
  });

  test('a late note of the start does not bring an ended run back', async () => {
    const { collaborations } = fixture.stores;
    await collaborations.create(newRun('ended'));
    await collaborations.seal(sealOf('ended'));

    await collaborations.markRunning({ tenantId: 'one', collaborationId: 'ended', time });
    await collaborations.markFailed({ tenantId: 'one', collaborationId: 'ended', time });

    expect(await collaborations.get('one', 'ended')).toMatchObject({ status: 'completed' });
  });

  test('seals with record, decision and last event; twice is once', async () => {
    const { collaborations, ledger } = fixture.stores;
    await collaborations.create(newRun('sealed'));

    const event = await collaborations.seal(sealOf('sealed'));
    const again = await collaborations.seal(sealOf('sealed'));

    expect(event).toMatchObject({ seq: 2, id: 'sealed/sealed' });
    expect(again).toEqual(event);
    expect(await ledger.head({ tenantId: 'one', stream: 'sealed' })).toEqual({
      seq: 2,
      hash: event.hash,
    });
    expect(await collaborations.get('one', 'sealed')).toMatchObject({
      status: 'completed',
      endedAt: '2026-03-01T10:05:00.000Z',
      recordSha256: 'aa',
      transcriptSha256: 'bb',
      decision: sealOf('sealed').decision,
    });
  });

  test('a run that breaks is failed', async () => {
    const { collaborations } = fixture.stores;
    await collaborations.create(newRun('broken'));

    await collaborations.markFailed({ tenantId: 'one', collaborationId: 'broken', time });

    expect(await collaborations.get('one', 'broken')).toMatchObject({
      status: 'failed',
      endedAt: time,
    });
  });

  test('what is queued for too long is found in every tenant', async () => {
    const { collaborations } = fixture.stores;
    const createdAt = new Date(Date.now() - 60_000).toISOString();
    await collaborations.create(newRun('stuck-1', { createdAt }));
    await collaborations.create(newRun('stuck-2', { createdAt, tenantId: 'two' }));
    await collaborations.create(newRun('fresh', { createdAt: new Date().toISOString() }));

    const found = (await collaborations.queuedOlderThan(30)).map((run) => run.collaborationId);

    expect(found).toEqual(expect.arrayContaining(['stuck-1', 'stuck-2']));
    expect(found).not.toContain('fresh');
  });
});

describe('messages', () => {
  const message = { messageId: 'm1', author: 'ann', text: 'Mind the costs.', createdAt: time };

  test('are kept by id, once', async () => {
    const { collaborations } = fixture.stores;
    await collaborations.create(newRun('talk'));
    const at = { tenantId: 'one', collaborationId: 'talk' };

    expect(await collaborations.addMessage({ ...at, ...message })).toBe(true);
    expect(await collaborations.addMessage({ ...at, ...message, text: 'other' })).toBe(true);

    expect(await collaborations.getMessage({ ...at, messageId: 'm1' })).toEqual(message);
    expect(await collaborations.getMessage({ ...at, messageId: 'm2' })).toBeUndefined();
  });

  test('find no run of another tenant', async () => {
    const { collaborations } = fixture.stores;
    const at = { tenantId: 'two', collaborationId: 'talk' };

    expect(await collaborations.addMessage({ ...at, ...message })).toBe(false);
    expect(await collaborations.getMessage({ ...at, messageId: 'm1' })).toBeUndefined();
  });
});

describe('listing', () => {
  const tenantId = 'two';
  const at = (second: number): string => `2026-04-01T00:00:${String(second).padStart(2, '0')}.000Z`;

  beforeAll(async () => {
    const { collaborations } = fixture.stores;
    for (let index = 0; index < 9; index += 1) {
      // Three share each second, so that the id has to decide.
      const createdAt = at(Math.floor(index / 3));
      await collaborations.create(newRun(`l${String(index)}`, { tenantId, createdAt }));
    }
    const consensus = { ...planWith(unlimited), pattern: 'consensus' as const };
    await collaborations.create(
      newRun('l-consensus', { tenantId, createdAt: at(30), plan: consensus }),
    );
    await collaborations.markRunning({ tenantId, collaborationId: 'l4', time });
  });

  const ids = (rows: readonly CollaborationSummary[]) => rows.map((row) => row.collaborationId);
  const window = { createdAfter: '2026-03-31T00:00:00.000Z', createdBefore: at(20) };

  test('is newest first and pages by key without gap or repetition', async () => {
    const { collaborations } = fixture.stores;
    const seen: string[] = [];
    let cursor: { createdAt: string; collaborationId: string } | undefined;
    for (let page = 0; page < 3; page += 1) {
      const rows = await collaborations.list({
        tenantId,
        ...window,
        limit: 4,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...ids(rows));
      cursor = rows.at(-1);
    }

    expect(seen).toEqual(['l8', 'l7', 'l6', 'l5', 'l4', 'l3', 'l2', 'l1', 'l0']);
  });

  test('filters by status, pattern and time', async () => {
    const { collaborations } = fixture.stores;
    const list = { tenantId, limit: 50 };

    expect(ids(await collaborations.list({ ...list, status: 'running' }))).toEqual(['l4']);
    expect(ids(await collaborations.list({ ...list, pattern: 'consensus' }))).toEqual([
      'l-consensus',
    ]);
    expect(
      ids(await collaborations.list({ ...list, createdAfter: at(0), createdBefore: at(2) })),
    ).toEqual(['l5', 'l4', 'l3']);
    expect(await collaborations.list({ ...list, status: 'running', pattern: 'consensus' })).toEqual(
      [],
    );
  });

  test.each([0, 202, 1.5])('refuses a page of %d rows', async (limit) => {
    const listing = fixture.stores.collaborations.list({ tenantId, limit });

    await expect(listing).rejects.toThrow(/limit: got .*, expected 1 to 201/);
  });
});
