import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { openLab } from './crash-lab.ts';
import type { CrashLab } from './crash-lab.ts';
import { beginDebate, patiently, untilSealed } from './crashed-debate.ts';
import type { BegunDebate } from './crashed-debate.ts';
import { eventsOf, faultsOf } from './debate-faults.ts';
import { makeTemporalForget } from './forgetful-temporal.ts';

const START_WITHIN_MS = 120_000;
const RUN_WITHIN_MS = 120_000;
const FAST_MS = [20, 30, 40];
/** `opened`, a round of three and its end, another one, and the question to people. */
const ASKED = 12;

let lab: CrashLab;

beforeAll(async () => {
  lab = await openLab({ workers: 2 });
}, START_WITHIN_MS);

afterAll(async () => {
  await lab.close();
}, START_WITHIN_MS);

/** A debate that has come to its decision and waits for people to say that it holds. */
async function askingDebate(people: object = {}): Promise<BegunDebate & { readonly name: string }> {
  const more = { people: { points: ['decision'], ...people } };
  const begun = await beginDebate(lab, { latenciesMs: FAST_MS, more });
  await (await begun.stream).until(ASKED, RUN_WITHIN_MS);
  return { ...begun, name: `${await begun.id}.decision-1` };
}

async function stateOf(name: string): Promise<string> {
  return await patiently(
    async () => (await lab.api<{ state: string }>(`/v1/approvals/${name}`)).state,
  );
}

async function approved(name: string): Promise<string> {
  const request = { body: { answer: 'approve' }, headers: { 'idempotency-key': name } };
  return await patiently(
    async () => (await lab.api<{ state: string }>(`/v1/approvals/${name}`, request)).state,
  );
}

/** All turns had ended before anything was killed: no call may be made again. */
async function faultsOfEnded(begun: BegunDebate): Promise<readonly string[]> {
  await untilSealed(lab, await begun.stream);
  const debate = { id: await begun.id, models: begun.models, rounds: 2, atKill: null };
  return await patiently(async () => await faultsOf(lab, debate));
}

async function settlingsOf(begun: BegunDebate): Promise<readonly string[]> {
  const types = (await eventsOf(lab, await begun.id)).map(({ type }) => type);
  return types.filter((type) => /approval\.(answered|expired|withdrawn)/.test(type));
}

test(
  'an approval is answered once after all workers were killed while it was waited for',
  async () => {
    const begun = await askingDebate();

    await Promise.all(['worker', 'worker-2'].map((part) => lab.stack.kill(part)));
    const state = await approved(begun.name);

    expect(state).toBe('answered');
    expect(await faultsOfEnded(begun)).toEqual([]);
    expect(await settlingsOf(begun)).toEqual(['conclave.approval.answered.v1']);
  },
  RUN_WITHIN_MS,
);

test(
  'an approval waits on, and is answered, when Temporal has lost everything',
  async () => {
    const begun = await askingDebate();

    await makeTemporalForget(lab, { alsoKill: ['api'] });
    const waiting = await stateOf(begun.name);
    const state = await approved(begun.name);

    expect([waiting, state]).toEqual(['pending', 'answered']);
    expect(await faultsOfEnded(begun)).toEqual([]);
    expect(await settlingsOf(begun)).toEqual(['conclave.approval.answered.v1']);
  },
  RUN_WITHIN_MS,
);

test(
  'an approval expires at its time, with its default, also when Temporal has lost everything',
  async () => {
    const expiresAfterSeconds = 6;
    const begun = await askingDebate({ expiresAfterSeconds, onExpiry: { decision: 'approve' } });

    await makeTemporalForget(lab);
    const faults = await faultsOfEnded(begun);

    const events = await eventsOf(lab, await begun.id);
    const timeOf = (type: string): number =>
      Date.parse(events.find((event) => event.type === `conclave.approval.${type}.v1`)?.time ?? '');
    expect(faults).toEqual([]);
    expect(await settlingsOf(begun)).toEqual(['conclave.approval.expired.v1']);
    expect(timeOf('expired') - timeOf('requested')).toBeGreaterThanOrEqual(
      expiresAfterSeconds * 1000,
    );
  },
  RUN_WITHIN_MS,
);
