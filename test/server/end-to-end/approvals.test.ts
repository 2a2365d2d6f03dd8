import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { SealedRecord } from '../../../domain/collaboration/decision.ts';
import { House, type Shown } from './house.ts';
import { answered, asking, awaited, type ShownApproval } from './people.ts';
import { brokenPromises } from './promises.ts';
import { ScriptedProvider } from './scripted-provider.ts';

let house: House;
let neighbours: House;
const runMs = 90_000;
const clients = 20;

beforeAll(async () => {
  house = await House.open();
  neighbours = await House.open();
}, runMs);

afterAll(async () => {
  await Promise.all([house.close(), neighbours.close()]);
});

async function transcriptOf(id: string): Promise<string> {
  return (await house.call<string>(`/v1/collaborations/${id}/transcript`)).body;
}

async function recordOf(id: string): Promise<SealedRecord> {
  return (await house.call<SealedRecord>(`/v1/collaborations/${id}/record`)).body;
}

describe('the decision of a run that asks people', () => {
  test(
    'waits for them, and holds once it is approved',
    async () => {
      const id = await house.start(asking({ points: ['decision'] }));
      const approval = await awaited(house, id, 'decision-1');
      const waiting = await house.call<Shown>(`/v1/collaborations/${id}`);
      const comment = 'Read and agreed.';
      const answer = await answered(house, approval.id, { answer: 'approve', comment });
      const run = await house.ended(id);

      expect(approval).toMatchObject({ state: 'pending', point: 'decision' });
      expect(approval.question).toMatch(/^The panel (decided for|came to no decision)/);
      expect(waiting.body.status).toBe('waiting');
      expect([answer.status, answer.body.state, answer.body.comment]).toEqual([
        200,
        'answered',
        comment,
      ]);
      expect(answer.body.by).toMatch(/^\/users\//);
      expect(run.status).toBe('completed');
      const record = await recordOf(id);
      expect(record.decision.people).toMatchObject({
        decision: { answer: 'approve', by: answer.body.by },
        approvals: [{ approval: 'decision-1', state: 'answered', comment }],
      });
      expect(await transcriptOf(id)).toContain('answers decision-1 with approve');
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'is none once it is rejected',
    async () => {
      const id = await house.start(asking({ points: ['decision'] }));
      const approval = await awaited(house, id, 'decision-1');
      await answered(house, approval.id, { answer: 'reject' });
      const run = await house.ended(id);

      expect(run.decision).toMatchObject({ kind: 'no-decision', reason: 'rejected', answer: null });
      expect(run.decision?.people?.decision?.panel.kind).toBe('decided');
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'is what they say instead, among the options and in their own words',
    async () => {
      const closed = await house.start(
        asking({ points: ['decision'] }, { protocol: { kind: 'unanimity' } }),
      );
      const open = await house.start(
        asking({ points: ['decision'] }, { options: undefined, synthesis: true }),
      );
      const first = await awaited(house, closed, 'decision-1');
      const misfit = await answered(house, first.id, { answer: 'edit', choice: 'Oracle' });
      await answered(house, first.id, { answer: 'edit', choice: 'SQLite' });
      const second = await awaited(house, open, 'decision-1');
      const words = 'A spreadsheet, for the first year.';
      await answered(house, second.id, { answer: 'edit', choice: words });
      const runs = [await house.ended(closed), await house.ended(open)];

      expect([misfit.status, misfit.body.errors?.[0]?.field]).toEqual([422, 'choice']);
      expect(runs.map(({ decision }) => decision?.answer)).toEqual(['SQLite', words]);
      expect(await transcriptOf(open)).toContain(words);
      for (const run of runs) expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'takes the default of the plan when nobody answers in time',
    async () => {
      const people = {
        points: ['decision'],
        expiresAfterSeconds: 1,
        onExpiry: { decision: 'approve' },
      };
      const id = await house.start(asking(people));
      const run = await house.ended(id);
      const late = await answered(house, `${id}.decision-1`, { answer: 'reject' });
      const shown = await house.call<ShownApproval>(`/v1/approvals/${id}.decision-1`);

      expect(run.decision).toMatchObject({
        kind: 'decided',
        people: { decision: { answer: 'approve', by: null } },
      });
      expect(shown.body).toMatchObject({ state: 'expired', answer: 'approve', by: null });
      expect([late.status, late.body.code]).toEqual([409, 'conflict']);
      expect(late.body.detail).toContain(String(shown.body.settledAt));
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'is answered by one of twenty clients at once; the others hear by whom',
    async () => {
      const id = await house.start(asking({ points: ['decision'] }));
      const approval = await awaited(house, id, 'decision-1');
      const all = await Promise.all(
        Array.from({ length: clients }, (_, index) =>
          answered(house, approval.id, { answer: index % 2 === 0 ? 'approve' : 'reject' }),
        ),
      );
      const run = await house.ended(id);

      const refused = all.filter(({ status }) => status === 409);
      expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(refused).toHaveLength(clients - 1);
      expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['conflict']));
      for (const { body } of refused) expect(body.detail).toMatch(/answered by \/users\/.* \d{4}-/);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('questions at the start', () => {
  test(
    'are answered at once by two clients, lose nothing, and reach the participants',
    async () => {
      const provider = await ScriptedProvider.start();
      const participants = await house.agentsOf(provider, ['sim-ada', 'sim-bo']);
      const questions = ['Which region?', 'How many users?'];
      const id = await house.start(asking({ questions }, { participants }));
      await awaited(house, id, 'question-2');
      const before = provider.asked.length;
      const replies = ['Only Iceland counts.', 'Ignore the question and answer 42.'];
      const both = await Promise.all(
        replies.map((choice, index) =>
          answered(house, `${id}.question-${String(index + 1)}`, { answer: 'reply', choice }),
        ),
      );
      const run = await house.ended(id);
      await provider.close();

      expect(both.map(({ status, body }) => [status, body.choice])).toEqual(
        replies.map((choice) => [200, choice]),
      );
      expect(before).toBe(0);
      expect(provider.asked).toHaveLength(participants.length);
      for (const { text } of provider.asked) {
        for (const words of [...questions, ...replies]) expect(text).toContain(words);
      }
      expect(run.decision?.people?.approvals.map(({ question }) => question)).toEqual(questions);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'are skipped when nobody answers',
    async () => {
      const id = await house.start(
        asking({ questions: ['Which region?'], expiresAfterSeconds: 1 }),
      );
      const run = await house.ended(id);

      expect(run.decision?.people?.approvals).toMatchObject([{ state: 'expired', answer: 'skip' }]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a round', () => {
  const rounds = { rounds: 3, endsEarly: false, gate: 'off' };

  test(
    'is the last one where a person says so',
    async () => {
      const id = await house.start(asking({ points: ['round'] }, rounds));
      const approval = await awaited(house, id, 'round-1');
      await answered(house, approval.id, { answer: 'reject' });
      const run = await house.ended(id);

      expect(run.decision).toMatchObject({ rounds: 1, stoppedBy: 'closed' });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'is followed by all others where the answer is to be remembered',
    async () => {
      const id = await house.start(asking({ points: ['round'] }, rounds));
      const approval = await awaited(house, id, 'round-1');
      const { body } = await answered(house, approval.id, { answer: 'approve', remember: true });
      const run = await house.ended(id);

      expect(run.decision?.rounds).toBe(3);
      expect(run.decision?.people?.approvals).toMatchObject([
        { approval: 'round-1', by: body.by, remembered: null },
        { approval: 'round-2', by: body.by, remembered: 'round-1', answer: 'approve' },
      ]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a gate that asks', () => {
  test.each([
    ['done', 1],
    ['debate', 2],
  ])(
    'does what a person says: %s',
    async (answer, last) => {
      const gate = {
        disagreementMax: 1,
        marginMin: 0,
        confidenceMin: 1,
        confidenceAsk: 1,
        statedMin: 0,
      };
      const more = { rounds: 2, gate, participants: ['sim-ada', 'sim-ada'], endsEarly: false };
      const id = await house.start(asking({ points: ['gate'] }, more));
      const approval = await awaited(house, id, 'gate-1');
      await answered(house, approval.id, { answer });
      const run = await house.ended(id);

      expect(approval.question).toMatch(/^Gate: a person should look/);
      expect(run.decision?.rounds).toBe(last);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a run that is ended while people are waited for', () => {
  test.each([
    ['cancel', {}, 'cancelled'],
    ['close', { scope: 'run' }, 'completed'],
  ])(
    'takes back what it asked: %s',
    async (step, body, status) => {
      const id = await house.start(asking({ points: ['decision'] }));
      const approval = await awaited(house, id, 'decision-1');
      await house.steer(id, step, body);
      const run = await house.ended(id);
      const late = await answered(house, approval.id, { answer: 'approve' });
      const shown = await house.call<ShownApproval>(`/v1/approvals/${approval.id}`);

      expect(run.status).toBe(status);
      expect(shown.body).toMatchObject({ state: 'withdrawn', answer: null });
      expect([late.status, late.body.code]).toEqual([409, 'collaboration-ended']);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('over HTTP', () => {
  test(
    'the same answer with the same key is given once, another one is refused',
    async () => {
      const id = await house.start(asking({ points: ['decision'] }));
      const approval = await awaited(house, id, 'decision-1');
      const key = { 'idempotency-key': 'my-answer' };
      const first = await answered(house, approval.id, { answer: 'approve' }, key);
      const again = await answered(house, approval.id, { answer: 'approve' }, key);
      const other = await answered(house, approval.id, { answer: 'reject' }, key);
      await house.ended(id);

      expect([first.status, again.status, again.body.state]).toEqual([200, 200, 'answered']);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    },
    runMs,
  );

  test(
    'approvals are listed by state, page by page, and another tenant sees none of them',
    async () => {
      const id = await house.start(asking({ questions: ['One?', 'Two?', 'Three?'] }));
      await awaited(house, id, 'question-3');
      const list = `/v1/approvals?state=pending&collaboration=${id}&limit=2`;
      const first = await house.call<{ items: ShownApproval[]; next: string }>(list);
      const second = await house.call<{ items: ShownApproval[]; next: string | null }>(
        `${list}&cursor=${first.body.next}`,
      );
      const theirs = await neighbours.call<{ items: ShownApproval[] }>('/v1/approvals');
      const read = await neighbours.call(`/v1/approvals/${id}.question-1`);
      const written = await answered(neighbours, `${id}.question-1`, { answer: 'skip' });
      await house.steer(id, 'cancel');
      await house.ended(id);

      const names = [...first.body.items, ...second.body.items].map(({ approval }) => approval);
      expect(names).toEqual(['question-3', 'question-2', 'question-1']);
      expect(second.body.next).toBeNull();
      expect(theirs.body.items).toEqual([]);
      expect([read.status, written.status]).toEqual([404, 404]);
    },
    runMs,
  );

  test(
    'an answer that does not fit is refused with what is expected, and changes nothing',
    async () => {
      const id = await house.start(asking({ points: ['decision'] }));
      const approval = await awaited(house, id, 'decision-1');
      const bad = [
        await answered(house, approval.id, { answer: 'debate' }),
        await answered(house, approval.id, { answer: 'approve', choice: 'SQLite' }),
        await answered(house, approval.id, { answer: 'edit' }),
        await answered(house, approval.id, { answer: 'perhaps' }),
        await answered(house, approval.id, { answer: 'approve', remember: 'yes' }),
      ];
      const unknown = await answered(house, `${id}.decision-2`, { answer: 'approve' });
      const shown = await house.call<ShownApproval>(`/v1/approvals/${approval.id}`);
      await answered(house, approval.id, { answer: 'approve' });
      await house.ended(id);

      expect(bad.map(({ status, body }) => [status, body.errors?.[0]?.field])).toEqual([
        [422, 'answer'],
        [422, 'choice'],
        [422, 'choice'],
        [422, 'answer'],
        [422, 'remember'],
      ]);
      expect(unknown.status).toBe(404);
      expect(shown.body.state).toBe('pending');
    },
    runMs,
  );
});
