import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { startStack, type Stack } from '../../../infra/stack/stack.ts';
import { addressesOf } from './addresses.ts';
import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';
import { createGate, ScriptedProvider } from './scripted-provider.ts';

const workers = 2;
const startMs = 120_000;
const runMs = 90_000;
const models = ['sim-ada', 'sim-bo', 'sim-cy'];
/** More than enough for every worker to get something to do; a try is one run. */
const triesMax = 30;
/** Long enough for every seat of a run to want its call meanwhile. */
const latencyMs = 150;

let folder: string;
let stack: Stack;
let house: House;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conclave-limits-'));
  stack = await startStack({ dataFolder: folder, simulated: 'on', simulatedLatencyMs: 0, workers });
  house = await House.open(addressesOf(stack));
}, startMs);

afterAll(async () => {
  await house.close();
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
}, startMs);

/** How the account of a provider stands, as the API shows it. */
async function standingOf({ baseUrl }: ScriptedProvider): Promise<object | undefined> {
  const answer = await house.call<{ items: { baseUrl: string }[] }>('/v1/providers');
  return answer.body.items.find((item) => item.baseUrl === baseUrl);
}

function voteBy(participants: readonly string[], more: object = {}): object {
  return {
    pattern: 'consensus',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants,
    endsEarly: false,
    ...more,
  };
}

/** Workers that answered for at least one seat of these runs. */
async function workersOf(runs: readonly Shown[]): Promise<ReadonlySet<string>> {
  const histories = await Promise.all(runs.map((run) => house.workflowOf(run.pattern, run.id)));
  return new Set(histories.flatMap(({ history }) => history.match(/\bw[0-9a-f]{8}\b/g) ?? []));
}

describe('the limits of an account', () => {
  test(
    'of calls at a time hold for both workers together',
    async () => {
      const concurrent = 2;
      const provider = await ScriptedProvider.start(() => setTimeout(latencyMs, {}));
      const agents = await house.agentsOf(provider, models, { limits: { concurrent } });
      const runs: Shown[] = [];
      for (let tries = 0; tries < triesMax && (await workersOf(runs)).size < workers; tries += 1) {
        const bodies = [voteBy(agents), voteBy(agents)];
        runs.push(...(await Promise.all(bodies.map((body) => house.run(body)))));
      }
      await provider.close();

      const abstained = runs.flatMap(({ decision }) => decision?.votes ?? []);
      expect((await workersOf(runs)).size).toBe(workers);
      expect(provider.inFlightMax).toBe(concurrent);
      expect(provider.asked).toHaveLength(runs.length * models.length);
      expect(abstained.filter((vote) => vote.abstained !== null)).toEqual([]);
      for (const run of runs) expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'of calls in a minute hold for both workers together',
    async () => {
      const requestsPerMinute = 4;
      const provider = await ScriptedProvider.start();
      const agents = await house.agentsOf(provider, models, { limits: { requestsPerMinute } });
      const body = voteBy(agents, { deadline: 'PT3S' });
      const runs = await Promise.all([house.run(body), house.run(body), house.run(body)]);
      const standing = await standingOf(provider);
      await provider.close();

      expect(provider.asked).toHaveLength(requestsPerMinute);
      expect(runs.flatMap(({ decision }) => decision?.votes ?? [])).toHaveLength(9);
      expect(standing).toMatchObject({ requestsLastMinute: requestsPerMinute, inFlight: 0 });
      for (const run of runs) expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a provider that keeps failing', () => {
  test(
    'is left alone for a while, which its status says, and fallbacks answer at once',
    async () => {
      const gate = createGate();
      const provider: ScriptedProvider = await ScriptedProvider.start(async () => {
        // All five at a time, so that none of them succeeds or is told of the breaker before.
        if (provider.asked.length === 5) gate.open();
        await gate.opened;
        return { isLost: true };
      });
      const fallback = { fallback: 'sim-dee' };
      const agents = await house.agentsOf(provider, [...models, 'sim-dee', 'sim-eve'], fallback);
      const failing = await house.run(voteBy(agents, { deadline: 'PT2S' }));
      const standing = await standingOf(provider);
      const asked = provider.asked.length;
      const helped = await house.run(voteBy(agents, { allowFallback: true }));
      await provider.close();

      expect(standing).toMatchObject({ status: 'failing', breaker: 'open', failuresInARow: 5 });
      expect(asked).toBe(5);
      expect(failing.decision).toMatchObject({ kind: 'no-decision', reason: 'deadline' });
      expect(provider.asked).toHaveLength(asked);
      expect(helped.decision?.votes.map(({ abstained }) => abstained)).toEqual(
        agents.map(() => null),
      );
      expect(await brokenPromises(house, failing)).toEqual([]);
      expect(await brokenPromises(house, helped)).toEqual([]);
    },
    runMs,
  );
});
