import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pass } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { createWorkerRegistry } from '../../../infra/stores/worker-registry.ts';
import type { WorkerRegistry } from '../../../infra/stores/worker-registry.ts';
import { beginOf, newRun, openFixture, proposal } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;
let open: WorkerRegistry[] = [];
let doors: Door[] = [];

beforeAll(async () => {
  fixture = await openFixture();
});

afterEach(async () => {
  await Promise.all(open.map((registry) => registry.close()));
  open = [];
  for (const door of doors) door.close();
  doors = [];
  await fixture.owner.sql`delete from conclave.workers`;
});

afterAll(() => fixture.close());

/** A registry as each process has one. */
function process(): WorkerRegistry {
  const registry = createWorkerRegistry({ url: fixture.database.appUrl });
  open.push(registry);
  return registry;
}

const patienceMs = 4000;

async function until(condition: () => Promise<boolean>): Promise<void> {
  const late = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > late) throw new Error(`never came: ${String(condition)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const lockHolders = async (): Promise<number> => {
  const rows = await fixture.owner.sql`
    select l.pid from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and l.granted and d.datname = current_database()`;
  return rows.length;
};

const outageMs = 200;

/** A way to the database that can be shut: who is inside is thrown out, who knocks waits. */
interface Door {
  readonly url: string;
  shut(): void;
  open(): void;
  close(): void;
}

async function doorTo({ database }: StoreFixture): Promise<Door> {
  const target = new URL(database.appUrl);
  const inside = new Set<Socket>();
  const waiting = new Set<Socket>();
  let isOpen = true;
  const letIn = (guest: Socket): void => {
    const server = connect(Number(target.port), target.hostname);
    inside.add(guest);
    guest.pipe(server).pipe(guest);
    for (const socket of [guest, server]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        guest.destroy();
        server.destroy();
      });
    }
  };
  const door = createServer((guest) => {
    if (isOpen) letIn(guest);
    else waiting.add(guest);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.port = String((door.address() as AddressInfo).port);
  const opened: Door = {
    url: url.href,
    shut: () => {
      isOpen = false;
      for (const guest of inside) guest.destroy();
      inside.clear();
    },
    open: () => {
      isOpen = true;
      for (const guest of waiting) letIn(guest);
      waiting.clear();
    },
    close: () => {
      opened.shut();
      door.close();
    },
  };
  doors.push(opened);
  return opened;
}

describe('worker registry', () => {
  test('a worker is dead as soon as its process is gone', async () => {
    const [doomed, survivor] = [process(), process()];
    await doomed.register({ workerId: 'w1', taskQueue: 'q' });
    expect(await survivor.deadWorkers()).toEqual([]);

    await doomed.close();

    await until(async () => (await survivor.deadWorkers()).length > 0);
    expect(await survivor.deadWorkers()).toEqual(['w1']);
  });

  test('exactly one survivor takes over', async () => {
    const doomed = process();
    await doomed.register({ workerId: 'w1', taskQueue: 'q' });
    await doomed.close();
    const survivors = [process(), process(), process(), process()];
    await until(async () => (await survivors[0]?.deadWorkers())?.length === 1);

    const claims = await Promise.all(survivors.map((registry) => registry.claimDead('w1')));

    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  test('a forgotten worker is gone for everyone', async () => {
    const doomed = process();
    await doomed.register({ workerId: 'w1', taskQueue: 'q' });
    await doomed.close();
    const [one, other] = [process(), process()];
    await until(() => one.claimDead('w1'));

    await one.forget('w1');

    expect(await one.deadWorkers()).toEqual([]);
    expect(await other.claimDead('w1')).toBe(false);
    expect(await lockHolders()).toBe(0);
  });

  test('a takeover that broke off is listed again for the process that claimed it', async () => {
    const doomed = process();
    await doomed.register({ workerId: 'w1', taskQueue: 'q' });
    await doomed.close();
    const survivor = process();
    await until(() => survivor.claimDead('w1'));

    expect(await survivor.deadWorkers()).toEqual(['w1']);
    expect(await survivor.claimDead('w1')).toBe(true);
  });

  test('a takeover passes on when the process that claimed it dies too', async () => {
    const doomed = process();
    await doomed.register({ workerId: 'w1', taskQueue: 'q' });
    await doomed.close();
    const [first, second] = [process(), process()];
    await until(() => first.claimDead('w1'));

    await first.close();

    await until(() => second.claimDead('w1'));
    expect(await second.deadWorkers()).toEqual(['w1']);
  });

  test('nobody takes over from a worker that lives', async () => {
    const [alive, other] = [process(), process()];
    await alive.register({ workerId: 'w1', taskQueue: 'q' });

    expect(await other.claimDead('w1')).toBe(false);
    expect(await alive.claimDead('w1')).toBe(false);
  });

  test('a worker that says goodbye leaves nothing behind', async () => {
    const [leaving, other] = [process(), process()];
    const registration = await leaving.register({ workerId: 'w1', taskQueue: 'q' });

    await registration.close();

    expect(await other.deadWorkers()).toEqual([]);
    expect(await lockHolders()).toBe(0);
  });

  test('a worker whose connection is cut takes its lock again', async () => {
    const registry = process();
    await registry.register({ workerId: 'w1', taskQueue: 'q' });

    await fixture.owner.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'conclave-worker-registry'`;

    await until(async () => (await lockHolders()) === 1);
    // Just after a loss it takes nobody for dead: the others may have lost theirs too.
    expect(await registry.deadWorkers()).toEqual([]);
  });

  test('nobody is taken for dead who is later back from an outage than another one', async () => {
    const [early, late] = [await doorTo(fixture), await doorTo(fixture)];
    const survivor = createWorkerRegistry({ url: early.url, graceMs: outageMs });
    const slow = createWorkerRegistry({ url: late.url, graceMs: outageMs });
    open.push(survivor, slow);
    await survivor.register({ workerId: 'early', taskQueue: 'q' });
    await slow.register({ workerId: 'late', taskQueue: 'q' });

    early.shut();
    late.shut();
    await pass(2 * outageMs); // not a wait for something: the length of the outage
    early.open();
    await until(async () => (await lockHolders()) === 1);
    const dead = await survivor.deadWorkers();
    late.open();
    await until(async () => (await lockHolders()) === 2);

    expect(dead).toEqual([]);
    await until(async () => !(await survivor.claimDead('late')));
  });

  test('what a dead worker held gives its slot up when it is forgotten, and stays reserved', async () => {
    const { collaborations, turns } = fixture.stores;
    await collaborations.create(newRun('left'));
    const doomed = process();
    await doomed.register({ workerId: 'w1', taskQueue: 'q' });
    const begin = (seat: string, workerId: string) =>
      turns.begin(beginOf('left', proposal(seat), { workerId, account: 'left' }));
    await begin('s1', 'w1');
    await begin('s2', 'w1');
    await doomed.close();
    const survivor = process();
    await until(() => survivor.claimDead('w1'));
    await begin('s1', 'w2');

    await survivor.forget('w1');

    expect(await turns.inFlightOf('w1')).toEqual([]);
    expect(await turns.inFlightOf('w2')).toHaveLength(1);
    // What the dead worker's two calls may have cost, and the one that was made again.
    expect((await collaborations.get('one', 'left'))?.budget.reserved.tokens).toBe(300);
    const [status] = await fixture.stores.providerAccounts.status(['left']);
    expect(status?.inFlight).toBe(1);
  });
});
