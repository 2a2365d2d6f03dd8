import { describe, expect, test } from '@jest/globals';

import type { ApprovalRow } from '../../infra/stores/approval-store.ts';
import { keys } from './fake-house.ts';
import type { House } from './fake-house.ts';
import { problemIn } from './problem-body.ts';
import { createRunningHouse } from './running-house.ts';

interface Asking {
  readonly house: House;
  readonly id: string;
  /** Path of the approval of the decision. */
  readonly path: string;
}

const by = '/users/a';
const settledAt = '2026-11-21T09:05:00.000Z';

function rowOf(collaborationId: string, fields: Partial<ApprovalRow> = {}): ApprovalRow {
  return {
    collaborationId,
    approval: 'decision-1',
    point: 'decision',
    state: 'pending',
    question: 'The panel decided for "tabs".',
    answers: ['approve', 'reject', 'edit'],
    onExpiry: 'reject',
    requestedAt: '2026-11-21T09:00:00.000Z',
    expiresAt: '2026-11-24T09:00:00.000Z',
    settledAt: null,
    by: null,
    answer: null,
    choice: null,
    words: null,
    comment: null,
    remember: false,
    ...fields,
  };
}

function keep(house: House, row: ApprovalRow): void {
  house.approvals.set(`a/${row.collaborationId}.${row.approval}`, row);
}

async function createAskingHouse(fields: Partial<ApprovalRow> = {}): Promise<Asking> {
  const { house, id } = await createRunningHouse();
  keep(house, rowOf(id, fields));
  return { house, id, path: `/v1/approvals/${id}.decision-1` };
}

describe('an answer', () => {
  test('goes to its run with who gave it, and is shown as it stands then', async () => {
    const { house, id, path } = await createAskingHouse();
    house.deps.engine.answerApproval = (target, input) => {
      house.steered.push({ name: 'answerApproval', target, input });
      keep(house, rowOf(id, { state: 'answered', answer: input.answer, by: input.by, settledAt }));
      return Promise.resolve({ kind: 'done', status: 'running' });
    };

    const response = await house.post(path, { answer: 'approve', remember: true });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      id: `${id}.decision-1`,
      collaboration: id,
      state: 'answered',
      by,
      links: { collaboration: `/v1/collaborations/${id}` },
    });
    expect(house.steered[0]?.input).toEqual({
      approval: 'decision-1',
      answer: 'approve',
      remember: true,
      choice: null,
      by,
    });
  });

  test('of other words is stored before the run hears of their ids', async () => {
    const { house, path } = await createAskingHouse();
    const key = { 'idempotency-key': 'k1' };
    const body = { answer: 'edit', choice: ' spaces ', comment: 'They are even.' };

    await house.post(path, body, key);

    const ids = ['approvals/decision-1/k1/text', 'approvals/decision-1/k1/comment'];
    expect(house.messages).toEqual([
      { messageId: ids[0], text: 'spaces' },
      { messageId: ids[1], text: 'They are even.' },
    ]);
    expect(house.steered[0]).toMatchObject({
      target: { updateId: 'approvals/decision-1/k1' },
      input: { answer: 'edit', choice: 'o2', textId: ids[0], commentId: ids[1] },
    });
  });

  test.each<[object, string]>([
    [{ answer: 'debate' }, 'answer'],
    [{ answer: 'maybe' }, 'answer'],
    [{}, 'answer'],
    [{ answer: 'edit' }, 'choice'],
    [{ answer: 'edit', choice: 'both' }, 'choice'],
    [{ answer: 'edit', choice: ' ' }, 'choice'],
    [{ answer: 'approve', choice: 'tabs' }, 'choice'],
    [{ answer: 'approve', remember: 1 }, 'remember'],
    [{ answer: 'approve', comment: 'x'.repeat(2_001) }, 'comment'],
    [{ answer: 'approve', who: 'me' }, 'who'],
  ])('is refused with the field, and nothing is sent: %j', async (body, field) => {
    const { house, path } = await createAskingHouse();

    const response = await house.post(path, body);

    expect(response.status).toBe(422);
    expect((await problemIn(response)).errors[0]?.field).toBe(field);
    expect([house.steered, house.messages]).toEqual([[], []]);
  });

  test.each<[Partial<ApprovalRow>, string, RegExp]>([
    [
      { state: 'answered', by, answer: 'reject', settledAt },
      'conflict',
      /was answered by \/users\/a on 2026-11-21T09:05:00.000Z: reject holds/,
    ],
    [
      { state: 'expired', answer: 'reject', settledAt },
      'conflict',
      /expired on 2026.*reject holds/,
    ],
    [{ state: 'withdrawn', settledAt }, 'collaboration-ended', /has ended/],
  ])('that comes too late hears why: %j', async (fields, code, detail) => {
    const { house, path } = await createAskingHouse(fields);

    const response = await house.post(path, { answer: 'approve' });
    const problem = await problemIn(response);

    expect([response.status, problem.code]).toEqual([409, code]);
    expect(problem.detail).toMatch(detail);
    expect(house.steered).toEqual([]);
  });

  test('that loses a race hears who was first, also when the run has ended since', async () => {
    const { house, id, path } = await createAskingHouse();
    house.deps.engine.answerApproval = () => {
      keep(house, rowOf(id, { state: 'answered', by, answer: 'reject', settledAt }));
      house.seal('a', id);
      return Promise.resolve({ kind: 'ended' });
    };

    const problem = await problemIn(await house.post(path, { answer: 'approve' }));

    expect(problem).toMatchObject({ code: 'conflict' });
    expect(problem.detail).toContain('answered by /users/a');
  });

  test('hears what the run says while that is not yet in the ledger', async () => {
    const { house, path } = await createAskingHouse();
    const message = 'approval decision-1 was answered by /users/a with reject at 09:05';
    house.outcome = { kind: 'refused', type: 'conflict', message };

    const problem = await problemIn(await house.post(path, { answer: 'approve' }));

    expect(problem).toMatchObject({ code: 'conflict' });
    expect(problem.detail).toContain('answered by /users/a with reject');
  });

  test('cannot be given while the run cannot be reached', async () => {
    const { house, path } = await createAskingHouse();
    house.outcome = { kind: 'unreachable', cause: new Error('14 UNAVAILABLE') };

    expect((await house.post(path, { answer: 'approve' })).status).toBe(503);
  });

  test('with a key that came before is told again, with another body refused', async () => {
    const { house, id, path } = await createAskingHouse({
      state: 'answered',
      by,
      answer: 'approve',
    });
    house.append('a', id, {
      id: `${id}/update-approvals/decision-1/k1`,
      type: 'conclave.approval.answered.v1',
      data: { approval: 'decision-1', by, answer: 'approve', choice: null, remember: false },
    });
    const key = { 'idempotency-key': 'k1' };

    const again = await house.post(path, { answer: 'approve' }, key);
    const other = await house.post(path, { answer: 'reject' }, key);

    expect(again.status).toBe(200);
    expect((await problemIn(other)).code).toBe('idempotency-key-reused');
    expect(house.steered).toEqual([]);
  });
});

describe('an approval', () => {
  test.each(['decision-1', 'c_1.decision-1', '../etc', 'x.y.z'])(
    'that cannot be is not found: %s',
    async (name) => {
      const { house } = await createAskingHouse();
      const path = `/v1/approvals/${encodeURIComponent(name)}`;

      const statuses = [
        (await house.request(path)).status,
        (await house.post(path, { answer: 'approve' })).status,
      ];

      expect(statuses).toEqual([404, 404]);
    },
  );

  test('of another tenant is not found', async () => {
    const { house, path } = await createAskingHouse();
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ answer: 'approve' });

    const read = await house.request(path, { key: keys.b });
    const written = await house.request(path, { key: keys.b, method: 'POST', headers, body });

    expect([read.status, written.status]).toEqual([404, 404]);
    expect(house.steered).toEqual([]);
  });
});

describe('the list of approvals', () => {
  test('filters, and leads from page to page', async () => {
    const { house, id } = await createAskingHouse();
    for (const [index, point] of (['round', 'round', 'gate'] as const).entries()) {
      const approval = `${point}-${String(index + 1)}`;
      keep(house, rowOf(id, { approval, point, state: index === 1 ? 'expired' : 'pending' }));
    }
    const read = async (query: string) =>
      (await (await house.request(`/v1/approvals${query}`)).json()) as {
        items: { approval: string }[];
        next: string | null;
        links: { next?: string };
      };

    const pending = await read('?state=pending');
    const rounds = await read(`?point=round&collaboration=${id}`);
    const first = await read('?limit=3');
    const second = await read((first.links.next ?? '').replace('/v1/approvals', ''));

    const names = (page: typeof first): string[] => page.items.map(({ approval }) => approval);
    expect(names(pending)).toEqual(['round-1', 'gate-3', 'decision-1']);
    expect(names(rounds)).toEqual(['round-2', 'round-1']);
    expect([...names(first), ...names(second)]).toHaveLength(4);
    expect(second.next).toBeNull();
  });

  test.each([
    ['?state=open', 422],
    ['?point=lunch', 422],
    ['?limit=0', 422],
    ['?limit=201', 422],
    ['?who=me', 422],
    ['?cursor=abc', 400],
  ])('is refused with what it cannot read: %s', async (query, status) => {
    const { house } = await createAskingHouse();

    expect((await house.request(`/v1/approvals${query}`)).status).toBe(status);
  });
});

describe('a start that asks people', () => {
  test('records its questions with its opening', async () => {
    const { house } = await createRunningHouse();
    const response = await house.post('/v1/collaborations', {
      pattern: 'debate',
      question: 'Tabs or spaces?',
      options: ['tabs', 'spaces'],
      people: { questions: ['Which editor?', 'How wide?'] },
    });
    const { id, plan } = (await response.json()) as { id: string; plan: { people: object } };

    const events = house.streams.get(`a/${id}`) ?? [];
    expect(plan.people).toMatchObject({ points: ['start'], questions: 2 });
    expect(events.slice(1).map(({ data }) => data['content'])).toEqual([
      { question: 'Which editor?' },
      { question: 'How wide?' },
    ]);
    expect(JSON.stringify(plan)).not.toContain('editor');
  });
});
