import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createDatabase, type Database } from '../../../infra/database/connection.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { sharedAddresses } from './addresses.ts';
import { House } from './house.ts';
import { brokenPromises } from './promises.ts';
import { createGate, type Scripted, ScriptedProvider } from './scripted-provider.ts';

let house: House;
let owner: Database;
const runMs = 90_000;
const models = ['sim-ada', 'sim-bo', 'sim-cy', 'sim-dee', 'sim-eve'];
/** As many failures in a row open the breaker. */
const seats = models.length;
/** The call that failed, the meeting with the open breaker, and two looks while another's call is under way. */
const triesUntilSecondLook = 5;

beforeAll(async () => {
  house = await House.open();
  const url = sharedAddresses().postgres.ownerUrl;
  owner = createDatabase({ url, connectionsMax: 1, applicationName: 'test-shared-outages' });
});

afterAll(async () => {
  await Promise.all([house.close(), owner.close()]);
});

/** A provider that fails the first call of every seat, all at the same time, and then does what is said. */
async function failingOnce(then: () => Promise<Scripted>): Promise<ScriptedProvider> {
  const all = createGate();
  const provider: ScriptedProvider = await ScriptedProvider.start(async () => {
    const number = provider.asked.length;
    if (number > seats) return await then();
    if (number === seats) all.open();
    await all.opened;
    return { status: 500 };
  });
  return provider;
}

async function startVote(provider: ScriptedProvider): Promise<string> {
  const participants = await house.agentsOf(provider, models);
  const options = ['Postgres', 'SQLite'];
  const asked = { question: 'Which store?', options, participants, endsEarly: false };
  return await house.start({ pattern: 'consensus', ...asked });
}

/** Waits until all seats but the one that is being answered have looked twice whether there is room, or given up. */
async function untilLookedTwice(id: string): Promise<void> {
  await untilSeen(
    async () => {
      const { raw } = await house.workflow('consensus', id).describe();
      return (raw.pendingActivities ?? []).map(({ attempt }) => attempt ?? 0);
    },
    (tries) => tries.filter((attempt) => attempt < triesUntilSecondLook).length <= 1,
  );
}

describe('a provider that all seats share', () => {
  test(
    'and that fails once for each of them costs none of them its answer, however slow it is then',
    async () => {
      const gate = createGate();
      const provider = await failingOnce(async () => {
        await gate.opened;
        return {};
      });
      const id = await startVote(provider);
      await provider.until(() => provider.asked.length === seats + 1);
      await untilLookedTwice(id);
      gate.open();
      const run = await house.ended(id);
      await provider.close();

      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual(models.map(() => null));
      expect(provider.asked).toHaveLength(2 * seats);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'and that never recovers is given up by all of them after a minute',
    async () => {
      const provider = await failingOnce(() => Promise.resolve({ status: 500 }));
      const id = await startVote(provider);
      await untilSeen(
        async () =>
          await owner.sql`
          select turn from conclave.turns where collaboration_id = ${id} and breaker_met_at is not null`,
        ({ length }) => length === seats,
      );
      // The minute passes without being waited for.
      await owner.sql`
        update conclave.turns set breaker_met_at = breaker_met_at - interval '1 minute'
        where collaboration_id = ${id}`;
      await owner.sql`
        update conclave.provider_accounts set down_since = down_since - interval '1 minute'
        where account = (select max(account) from conclave.turns where collaboration_id = ${id})`;
      const run = await house.ended(id);
      await provider.close();

      expect(provider.asked).toHaveLength(seats + 1);
      expect(run).toMatchObject({
        status: 'completed',
        decision: { kind: 'no-decision', reason: 'no-answers' },
      });
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual(
        models.map(() => 'provider-failed'),
      );
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
