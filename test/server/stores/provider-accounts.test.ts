import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import type { AgentLimits } from '../../../domain/providers/agent.ts';
import type { BeginResult } from '../../../infra/stores/turn-store.ts';
import { beginOf, newRun, openFixture, positionOf, proposal, settleOf } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;
let count = 0;
let id: string;
let account: string;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

beforeEach(async () => {
  count += 1;
  id = `run-${String(count)}`;
  account = `account-${String(count)}`;
  await fixture.stores.collaborations.create(newRun(id));
});

const begin = (seat: string, limits: AgentLimits = {}): Promise<BeginResult> =>
  fixture.stores.turns.begin(beginOf(id, proposal(seat), { account, limits }));

const settle = (seat: string) => fixture.stores.turns.settle(settleOf(id, proposal(seat)));

const fault = (retryAfterMs: number | null = null) =>
  fixture.stores.providerAccounts.reportFault({
    account,
    disposition: 'retry-after',
    retryAfterMs,
  });

const status = async () => (await fixture.stores.providerAccounts.status([account]))[0];

/** Lets the time of the breaker pass without waiting for it. */
const age = async (milliseconds: number): Promise<void> => {
  await fixture.owner.sql`
    update conclave.provider_accounts set
      open_until = open_until - ${milliseconds} * interval '1 millisecond',
      probe_until = probe_until - ${milliseconds} * interval '1 millisecond',
      down_since = down_since - ${milliseconds} * interval '1 millisecond',
      blocked_until = blocked_until - ${milliseconds} * interval '1 millisecond'
    where account = ${account}`;
  await fixture.owner.sql`
    update conclave.turns set breaker_met_at = breaker_met_at - ${milliseconds} * interval '1 millisecond'
    where collaboration_id = ${id}`;
};

type NoRoom = BeginResult & { readonly kind: 'no-room' };

/** Begins where there is no room because of the breaker, and gives what is said about it. */
async function meeting(seat: string): Promise<NoRoom> {
  const result = await begin(seat);
  if (result.kind !== 'no-room' || result.reason !== 'breaker') {
    throw new Error(`expected to meet a breaker, got ${JSON.stringify(result)}`);
  }
  return result;
}

describe('limits', () => {
  test('no more calls than allowed are in flight, however many begin at once', async () => {
    const seats = Array.from({ length: 12 }, (_, index) => `s${String(index)}`);

    const results = await Promise.all(seats.map((seat) => begin(seat, { concurrent: 3 })));

    const kinds = results.map((result) => result.kind);
    expect(kinds.filter((kind) => kind === 'begun')).toHaveLength(3);
    expect(results.at(-1)).toMatchObject({ kind: 'no-room', reason: 'concurrency' });
    expect((await status())?.inFlight).toBe(3);
  });

  test('hold across tenants and processes', async () => {
    const { collaborations, turns } = fixture.stores;
    await collaborations.create({ ...newRun(id), tenantId: 'two' });
    const limits = { concurrent: 4 };
    const calls = Array.from({ length: 20 }, (_, index) =>
      beginOf(id, proposal(`s${String(index)}`), {
        account,
        limits,
        tenantId: index % 2 === 0 ? 'one' : 'two',
      }),
    );

    const results = await Promise.all(calls.map((call) => turns.begin(call)));

    expect(results.filter((result) => result.kind === 'begun')).toHaveLength(4);
  });

  test('a settled call makes room', async () => {
    await begin('s1', { concurrent: 1 });
    expect(await begin('s2', { concurrent: 1 })).toMatchObject({ kind: 'no-room' });

    await settle('s1');

    expect(await begin('s2', { concurrent: 1 })).toMatchObject({ kind: 'begun' });
  });

  test('a retry takes the slot that its own earlier try had', async () => {
    await begin('s1', { concurrent: 1 });

    expect(await begin('s1', { concurrent: 1 })).toMatchObject({ kind: 'begun', attempts: 2 });
  });

  test('no more calls than allowed begin within a minute', async () => {
    const limits = { requestsPerMinute: 5 };
    const results: BeginResult[] = [];
    for (let index = 0; index < 7; index += 1) {
      results.push(await begin(`s${String(index)}`, limits));
      if (results.at(-1)?.kind === 'begun') await settle(`s${String(index)}`);
    }

    expect(results.map((result) => result.kind)).toEqual([
      ...Array.from({ length: 5 }, () => 'begun'),
      'no-room',
      'no-room',
    ]);
    const refused = results.at(-1);
    expect(refused).toMatchObject({ reason: 'rate' });
    const waitMs = refused?.kind === 'no-room' ? refused.retryAfterMs : 0;
    expect(waitMs).toBeGreaterThan(55_000);
    expect(waitMs).toBeLessThanOrEqual(65_000);
    expect((await status())?.requestsLastMinute).toBe(5);
  });

  test('a minute later there is room again', async () => {
    const limits = { requestsPerMinute: 1 };
    await begin('s1', limits);
    expect(await begin('s2', limits)).toMatchObject({ kind: 'no-room' });

    // Thirteen slots of five seconds have passed.
    await fixture.owner.sql`
      update conclave.provider_accounts set slot = slot - 13 where account = ${account}`;

    expect(await begin('s2', limits)).toMatchObject({ kind: 'begun' });
  });

  test('without room nothing is reserved', async () => {
    await begin('s1', { concurrent: 1 });
    await begin('s2', { concurrent: 1 });

    const run = await fixture.stores.collaborations.get('one', id);
    expect(run?.budget.reserved.tokens).toBe(100);
  });
});

describe('breaker', () => {
  test('opens after five faults in a row and says when to come back', async () => {
    for (let index = 0; index < 4; index += 1) await fault();
    expect(await begin('s1')).toMatchObject({ kind: 'begun' });

    await fault();

    const result = await begin('s2');
    expect(result).toMatchObject({ kind: 'no-room', reason: 'breaker' });
    const waitMs = result.kind === 'no-room' ? result.retryAfterMs : 0;
    expect(waitMs).toBeGreaterThan(9_000);
    expect(waitMs).toBeLessThanOrEqual(10_000);
    expect(await status()).toMatchObject({ breaker: 'open', failures: 5 });
  });

  test('an answer in between begins the count anew', async () => {
    await begin('s1');
    for (let index = 0; index < 4; index += 1) await fault();

    await settle('s1');
    await fault();

    expect(await status()).toMatchObject({ breaker: 'closed', failures: 1 });
  });

  test.each(['provider-failed', 'not-permitted'] as const)(
    'an abstention that is %s is no answer',
    async (reason) => {
      await begin('s1');
      for (let index = 0; index < 4; index += 1) await fault();
      const { usage, microsUsd } = positionOf(proposal('s1')).fact as never;

      await fixture.stores.turns.settle(
        settleOf(id, proposal('s1'), {
          fact: {
            type: 'turn.abstained',
            reason,
            ...proposal('s1'),
            usage,
            microsUsd,
          },
          content: null,
        }),
      );

      expect(await status()).toMatchObject({ failures: 4 });
    },
  );

  test('lets one through when its time is over, and closes when that one is answered', async () => {
    for (let index = 0; index < 5; index += 1) await fault();
    await age(10_000);

    const results = await Promise.all(['s1', 's2', 's3'].map((seat) => begin(seat)));

    expect(results.map((result) => result.kind).sort()).toEqual(['begun', 'no-room', 'no-room']);
    expect(await status()).toMatchObject({ breaker: 'half-open' });
    const through = results.findIndex((result) => result.kind === 'begun');
    await settle(`s${String(through + 1)}`);
    expect(await status()).toMatchObject({ breaker: 'closed', failures: 0, openUntil: null });
  });

  test('opens for twice as long when that one fails, two minutes at most', async () => {
    for (let index = 0; index < 5; index += 1) await fault();
    const waits: number[] = [];
    for (let lap = 0; lap < 5; lap += 1) {
      await age(120_000);
      expect(await begin(`s${String(lap)}`)).toMatchObject({ kind: 'begun' });
      await fault();
      const result = await begin('other');
      waits.push(result.kind === 'no-room' ? Math.ceil(result.retryAfterMs / 10_000) * 10 : 0);
    }

    expect(waits).toEqual([20, 40, 80, 120, 120]);
  });

  test('is waited for as long again as the one let through has taken, from 1 s to 8 s', async () => {
    for (let index = 0; index < 5; index += 1) await fault();
    await age(10_000);
    await begin('s1');

    const waits: number[] = [(await meeting('s2')).retryAfterMs];
    for (const later of [3_000, 3_000, 20_000]) {
      await age(later);
      waits.push((await meeting('s2')).retryAfterMs);
    }

    expect(waits.map((milliseconds) => Math.floor(milliseconds / 1000))).toEqual([1, 3, 6, 8]);
  });

  test('says to each turn for how long it has been finding the provider down', async () => {
    for (let index = 0; index < 5; index += 1) await fault();
    const first = await meeting('s1');
    await age(10_000);
    await begin('probe');
    const underProbe = await meeting('s1');
    await fault();

    const again = await meeting('s1');
    const another = await meeting('s2');

    expect(first.downMs).toBeLessThan(5_000);
    expect(underProbe.downMs).toBe(0);
    expect(Math.floor(again.downMs / 10_000)).toBe(1);
    expect(another.downMs).toBe(0);
  });

  test('begins to count anew once the provider has worked', async () => {
    for (let index = 0; index < 5; index += 1) await fault();
    await meeting('s1');
    await age(100_000);
    await fixture.stores.providerAccounts.reportSuccess(account);
    for (let index = 0; index < 5; index += 1) await fault();

    expect((await meeting('s1')).downMs).toBe(0);
  });

  test('leaves a turn that only met it unpaid and open to be asked', async () => {
    for (let index = 0; index < 5; index += 1) await fault();
    await meeting('s1');
    await fixture.stores.providerAccounts.reportSuccess(account);

    expect(await begin('s1')).toEqual({ kind: 'begun', attempts: 1 });
    const run = await fixture.stores.collaborations.get('one', id);
    expect(run?.budget.reserved.tokens).toBe(100);
  });

  test('lets another through when the first was never heard of again', async () => {
    for (let index = 0; index < 5; index += 1) await fault();
    await age(10_000);
    await begin('s1');

    await age(60_000);

    expect(await begin('s2')).toMatchObject({ kind: 'begun' });
  });

  test('a provider that says when to come back is not called before, and not held against it', async () => {
    for (let index = 0; index < 6; index += 1) await fault(3_000);

    const result = await begin('s1');

    expect(result).toMatchObject({ kind: 'no-room', reason: 'rate' });
    expect(result.kind === 'no-room' && result.retryAfterMs).toBeLessThanOrEqual(3_000);
    expect(await status()).toMatchObject({ breaker: 'closed', failures: 0 });
    await age(3_000);
    expect(await begin('s1')).toMatchObject({ kind: 'begun' });
  });

  test('the one let through that is told to wait makes way for the next, after the wait', async () => {
    for (let index = 0; index < 5; index += 1) await fault();
    await age(10_000);
    await begin('s1');

    await fault(3_000);

    expect(await begin('s2')).toMatchObject({ kind: 'no-room', reason: 'rate' });
    await age(3_000);
    expect(await begin('s2')).toMatchObject({ kind: 'begun' });
  });

  test('the one let through with a bad request makes way for the next', async () => {
    for (let index = 0; index < 5; index += 1) await fault();
    await age(10_000);
    await begin('s1');

    await fixture.stores.providerAccounts.reportFault({
      account,
      disposition: 'never',
      retryAfterMs: null,
    });

    expect(await status()).toMatchObject({ breaker: 'half-open' });
    expect(await begin('s2')).toMatchObject({ kind: 'begun' });
    expect(await begin('s3')).toMatchObject({ kind: 'no-room', reason: 'breaker' });
  });

  test('a bad request says nothing about the provider', async () => {
    for (let index = 0; index < 9; index += 1) {
      await fixture.stores.providerAccounts.reportFault({
        account,
        disposition: 'never',
        retryAfterMs: null,
      });
    }

    expect(await status()).toMatchObject({ breaker: 'closed', failures: 0 });
  });

  test('a success that is reported by itself closes it', async () => {
    for (let index = 0; index < 5; index += 1) await fault();

    await fixture.stores.providerAccounts.reportSuccess(account);

    expect(await begin('s1')).toMatchObject({ kind: 'begun' });
  });
});
