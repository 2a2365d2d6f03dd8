import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';
import { createGate, ScriptedProvider, type Gate } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const quick = ['sim-ada', 'sim-bo'];
const held = 'sim-cy';

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

/** A debate in whose first round two seats have answered and the third will when the gate opens. */
interface HeldDebate {
  readonly id: string;
  readonly provider: ScriptedProvider;
  readonly gate: Gate;
  /** Names of the seats' agents. */
  readonly agents: readonly string[];
}

async function startHeld(more: object = {}): Promise<HeldDebate> {
  const gate = createGate();
  const provider = await ScriptedProvider.start(async ({ model, round }) => {
    if (model === held && round === 1) await gate.opened;
    return {};
  });
  const agents = await house.agentsOf(provider, [...quick, held]);
  const id = await house.start({
    pattern: 'debate',
    gate: 'off',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: agents,
    rounds: 2,
    stopOnStability: false,
    endsEarly: false,
    ...more,
  });
  let answered = 0;
  await house.eventsUntil(id, (event) => {
    if (isPosition(event)) answered += 1;
    return answered === quick.length;
  });
  await provider.until(() => provider.asked.length === agents.length);
  return { id, provider, gate, agents };
}

function isPosition({ type }: LedgerEvent): boolean {
  return type === 'conclave.position.submitted.v1';
}

async function typesOf(id: string): Promise<readonly string[]> {
  return (await house.events(id)).map(({ type }) => type);
}

/** Resolves when the workflow itself knows of the turn, not the ledger alone. */
async function untilFolded(id: string, turn: string): Promise<void> {
  await untilSeen(
    async () => Object.keys((await house.stateOf('debate', id)).turns),
    (turns) => turns.includes(turn),
  );
}

describe('a pause', () => {
  test(
    'keeps the call under way and makes no other until it is over',
    async () => {
      const { id, provider, gate, agents } = await startHeld();
      const paused = await house.steer(id, 'pause');
      gate.open();
      await untilFolded(id, 'proposal-1-s3');
      const shown = await house.call<Shown>(`/v1/collaborations/${id}`);
      const askedWhilePaused = provider.asked.length;
      const resumed = await house.steer(id, 'resume');
      const run = await house.ended(id);
      await provider.close();

      const types = await typesOf(id);
      expect([paused, resumed]).toEqual([200, 200]);
      expect(shown.body.status).toBe('paused');
      expect(askedWhilePaused).toBe(agents.length);
      expect(types.indexOf('conclave.round.closed.v1')).toBeGreaterThan(
        types.indexOf('conclave.collaboration.resumed.v1'),
      );
      expect(provider.asked).toHaveLength(agents.length * 2);
      expect(run).toMatchObject({ status: 'completed', decision: { stoppedBy: 'rounds' } });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'is refused where it makes no sense, and so is its end',
    async () => {
      const { id, provider, gate } = await startHeld();
      const codes: (string | undefined)[] = [];
      const steer = async (step: string): Promise<void> => {
        const path = `/v1/collaborations/${id}/${step}`;
        codes.push((await house.call<{ code?: string }>(path, { body: {} })).body.code);
      };
      await steer('resume');
      await steer('pause');
      await steer('pause');
      await steer('resume');
      gate.open();
      await house.ended(id);
      await steer('pause');
      await steer('cancel');
      await provider.close();

      expect(codes).toEqual([
        'not-paused',
        undefined,
        'already-paused',
        undefined,
        'collaboration-ended',
        'collaboration-ended',
      ]);
    },
    runMs,
  );

  test(
    'that is asked for twice with one key is done once',
    async () => {
      const { id, provider, gate } = await startHeld();
      const once = { body: {}, headers: { 'idempotency-key': 'one-pause' } };
      const first = await house.call(`/v1/collaborations/${id}/pause`, once);
      const again = await house.call(`/v1/collaborations/${id}/pause`, once);
      await house.steer(id, 'resume');
      gate.open();
      const run = await house.ended(id);
      await provider.close();

      const paused = (await typesOf(id)).filter((type) => type.endsWith('.paused.v1'));
      expect([first.status, again.status]).toEqual([200, 200]);
      expect(paused).toHaveLength(1);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a cancellation', () => {
  test.each([
    ['while it runs', []],
    ['while it is paused', ['pause']],
  ])(
    '%s stops the call, settles the accounts and seals what is there',
    async (_when, before) => {
      const { id, provider } = await startHeld();
      for (const step of before) await house.steer(id, step);
      const status = await house.steer(id, 'cancel', { reason: 'no need any more' });
      const run = await house.ended(id);
      await provider.until(() => provider.stopped === 1);
      await provider.close();

      const ends = (await house.events(id)).filter(({ data }) => data['seat'] === 's3');
      expect(status).toBe(200);
      expect(run).toMatchObject({
        status: 'cancelled',
        decision: { kind: 'no-decision', reason: 'cancelled', stoppedBy: 'cancelled' },
      });
      expect(ends.map(({ type }) => type)).toEqual(['conclave.turn.cancelled.v1']);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a closing', () => {
  test(
    'of the round goes on with the answers that are there; of the run decides by them',
    async () => {
      const gate = createGate();
      const provider = await ScriptedProvider.start(async ({ model }) => {
        if (model === held) await gate.opened;
        return {};
      });
      const id = await house.start({
        pattern: 'debate',
        gate: 'off',
        question: 'Which store?',
        options: ['Postgres', 'SQLite'],
        participants: await house.agentsOf(provider, [...quick, held]),
        rounds: 3,
        stopOnStability: false,
        endsEarly: false,
      });
      const answeredIn = (round: number) => {
        let answered = 0;
        return (event: LedgerEvent): boolean => {
          if (isPosition(event) && event.data['round'] === round) answered += 1;
          return answered === quick.length;
        };
      };
      await house.eventsUntil(id, answeredIn(1));
      const statuses = [await house.steer(id, 'close', { scope: 'round' })];
      await house.eventsUntil(id, answeredIn(2));
      statuses.push(await house.steer(id, 'close', { scope: 'run' }));
      const run = await house.ended(id);
      await provider.until(() => provider.stopped === 2);
      await provider.close();

      const closed = (await house.events(id)).filter(({ type }) => type.endsWith('.closed.v1'));
      expect(statuses).toEqual([200, 200]);
      expect(closed.map(({ data }) => data['reason'])).toEqual(['closed', 'closed']);
      expect(run.decision).toMatchObject({ stoppedBy: 'closed', rounds: 2 });
      expect(run.decision?.votes[2]).toMatchObject({ choice: null, abstained: 'cancelled' });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('what people add', () => {
  test(
    'is in the next round: a message in every prompt, a participant at the table',
    async () => {
      const { id, provider, gate, agents } = await startHeld();
      const text = 'Remember that we are two people.';
      const [joining = ''] = await house.agentsOf(provider, ['sim-dee']);
      const statuses = [
        await house.steer(id, 'messages', { text }),
        await house.steer(id, 'participants', { agent: joining }),
      ];
      gate.open();
      const run = await house.ended(id);
      await provider.close();

      const opened = (await house.events(id)).filter(({ type }) => type.endsWith('.opened.v1'));
      const told = provider.asked.map((asked) => [asked.round, asked.text.includes(text)]);
      expect(statuses).toEqual([200, 200]);
      expect(opened.slice(1).map(({ data }) => data['seats'])).toEqual([
        ['s1', 's2', 's3'],
        ['s1', 's2', 's3', 's4'],
      ]);
      expect(told).toEqual([
        ...agents.map(() => [1, false]),
        ...[...agents, joining].map(() => [2, true]),
      ]);
      expect(provider.asked.filter(({ model }) => model === 'sim-dee')).toHaveLength(1);
      expect(run.decision?.votes).toHaveLength(4);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'at the same moment is all at the table, each at a seat of its own',
    async () => {
      const { id, provider, gate } = await startHeld();
      const joining = await house.agentsOf(provider, ['sim-dee', 'sim-ada', 'sim-bo']);
      const statuses = await Promise.all(
        joining.map((agent) => house.steer(id, 'participants', { agent })),
      );
      gate.open();
      const run = await house.ended(id);
      await provider.close();

      expect(statuses).toEqual([200, 200, 200]);
      expect(run.decision?.votes.map(({ seat }) => seat)).toEqual([
        ...['s1', 's2', 's3'],
        ...['s4', 's5', 's6'],
      ]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'while the run is being closed is recorded wherever it was accepted, and nowhere else',
    async () => {
      const { id, provider } = await startHeld();
      const messages = Array.from({ length: 5 }, (_, index) => `Message ${String(index)}`);
      const sent = messages.map((text) => house.steer(id, 'messages', { text }));
      const closed = house.steer(id, 'close', { scope: 'run' });
      const late = messages.map((text) => house.steer(id, 'messages', { text: `Late: ${text}` }));
      const statuses = await Promise.all([...sent, ...late]);
      const run = await house.ended(id);
      await provider.close();

      const added = (await typesOf(id)).filter((type) => type === 'conclave.message.added.v1');
      expect(await closed).toBe(200);
      expect(added).toHaveLength(statuses.filter((status) => status === 200).length);
      expect(statuses.filter((status) => ![200, 409].includes(status))).toEqual([]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'is refused when it is nobody, below what is spent, or nothing at all',
    async () => {
      const { id, provider, gate } = await startHeld({ budget: { tokens: 90_000 } });
      // What is spent is for the workflow to say, which hears of a turn after the ledger.
      await untilFolded(id, 'proposal-1-s1');
      const statuses = [
        await house.steer(id, 'participants', { agent: 'nobody' }),
        await house.steer(id, 'budget', { tokens: 1 }),
        await house.steer(id, 'budget', {}),
        await house.steer(id, 'messages', { text: '  ' }),
        await house.steer(id, 'close', { scope: 'house' }),
      ];
      gate.open();
      const run = await house.ended(id);
      await provider.close();

      expect(statuses).toEqual([422, 409, 422, 422, 422]);
      expect((await typesOf(id)).filter((type) => /added|raised|requested/.test(type))).toEqual([]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a deadline', () => {
  test(
    'ends the run with what is there, and stops the call that is late',
    async () => {
      const { id, provider } = await startHeld({ deadline: 'PT2S' });
      const run = await house.ended(id);
      await provider.until(() => provider.stopped === 1);
      await provider.close();

      const types = await typesOf(id);
      expect(types).toContain('conclave.deadline.passed.v1');
      expect(types).toContain('conclave.turn.cancelled.v1');
      expect(run.status).toBe('completed');
      expect(run.decision).toMatchObject({ stoppedBy: 'deadline', rounds: 1 });
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([
        null,
        null,
        'cancelled',
      ]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
