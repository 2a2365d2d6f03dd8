import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { untilSeen } from '../../support/until-seen.ts';
import {
  brokenAnalysis,
  cuttingProvider,
  isCutting,
  isWriting,
  partsOf,
  reported,
  threeParts,
} from './analysed.ts';
import { House, type Shown } from './house.ts';
import { createGate, type Gate, type ScriptedProvider } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const models = ['sim-ada', 'sim-bo'];

beforeAll(async () => {
  house = await House.open();
}, runMs);

afterAll(() => house.close());

/** An analysis whose first two parts are under way, and whose second seat answers only when the gate opens. */
interface HeldAnalysis {
  readonly id: string;
  readonly provider: ScriptedProvider;
  readonly gate: Gate;
}

async function startHeld(more: object = {}): Promise<HeldAnalysis> {
  const gate = createGate();
  const provider = await cuttingProvider(threeParts, async (asked) => {
    if (asked.model === 'sim-bo' && !isWriting(asked)) await gate.opened;
    return {};
  });
  const participants = await house.agentsOf(provider, models);
  const question = 'How do we move the archive?';
  const id = await house.start({ pattern: 'analysis', question, participants, ...more });
  await provider.until(
    () => provider.asked.filter((asked) => !isCutting(asked)).length === 2 * models.length,
  );
  return { id, provider, gate };
}

async function statusesOf(id: string): Promise<readonly string[]> {
  return (await partsOf(house, id)).map(({ status }) => status);
}

/** Looks until the parts stand so. */
async function untilParts(id: string, wanted: readonly string[]): Promise<void> {
  await untilSeen(
    async () => await statusesOf(id),
    (statuses) => statuses.join() === wanted.join(),
  );
}

/** Waits until a part's workflow itself knows what all its seats answered. */
async function untilFolded(pattern: string, part: string): Promise<void> {
  await untilSeen(
    async () => Object.keys((await house.stateOf(pattern, part)).turns),
    ({ length }) => length === models.length,
  );
}

/** Calls that a part's workflow waits for. */
async function callsOf(pattern: string, part: string): Promise<number> {
  const { raw } = await house.workflow(pattern, part).describe();
  return (raw.pendingActivities ?? []).length;
}

test(
  'a pause holds the parts too, and a resumption lets them go on',
  async () => {
    const { id, provider, gate } = await startHeld();

    await house.steer(id, 'pause');
    await untilParts(id, ['paused', 'paused']);
    const paused = (await house.call<Shown>(`/v1/collaborations/${id}`)).body.status;
    const before = provider.asked.length;
    gate.open();
    await untilFolded('consensus', `${id}-p1`);
    await untilFolded('debate', `${id}-p2`);
    const held = [await callsOf('consensus', `${id}-p1`), await callsOf('debate', `${id}-p2`)];
    const statuses = await statusesOf(id);
    const asked = provider.asked.length;
    await house.steer(id, 'resume');
    const run = await house.ended(id);
    await provider.close();

    expect(paused).toBe('paused');
    expect({ held, statuses, asked }).toEqual({
      held: [0, 0],
      statuses: ['paused', 'paused'],
      asked: before,
    });
    expect(run.decision).toMatchObject({ kind: 'decided', partial: false });
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'a cancellation ends the parts, begins no other, and settles every account',
  async () => {
    const { id, provider } = await startHeld();

    await house.steer(id, 'cancel', { reason: 'not needed any more' });
    const run = await house.ended(id);
    await provider.close();

    expect(run).toMatchObject({ status: 'cancelled', decision: { reason: 'cancelled' } });
    expect(reported(run).map(({ ending, reason }) => [ending, reason])).toEqual([
      ['unanswered', 'cancelled'],
      ['unanswered', 'cancelled'],
      ['refused', 'stopped'],
    ]);
    expect(await statusesOf(id)).toEqual(['cancelled', 'cancelled']);
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'a close ends the parts with what they have, and the whole with what came of them',
  async () => {
    const { id, provider } = await startHeld();

    await house.steer(id, 'close', { scope: 'run' });
    const run = await house.ended(id);
    await provider.close();

    expect(run.decision).toMatchObject({ kind: 'decided', stoppedBy: 'closed', partial: true });
    expect(reported(run).map(({ ending }) => ending)).toEqual(['answered', 'answered', 'refused']);
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'a deadline ends the parts too',
  async () => {
    const { id, provider } = await startHeld({ deadline: 'PT15S' });

    const run = await house.ended(id);
    await provider.close();

    expect(run.decision).toMatchObject({ stoppedBy: 'deadline', partial: true });
    expect(reported(run)[2]).toMatchObject({ ending: 'refused', reason: 'stopped' });
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'a part that is cancelled by itself leaves the others to go on',
  async () => {
    const { id, provider, gate } = await startHeld();

    await house.steer(`${id}-p2`, 'cancel');
    gate.open();
    const run = await house.ended(id);
    await provider.close();

    expect(run.decision).toMatchObject({ kind: 'decided', partial: true });
    expect(run.decision?.explanation).toContain('p2 was cancelled');
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'a part whose workflow is terminated in Temporal has failed, and the others answer',
  async () => {
    const { id, provider, gate } = await startHeld();

    await house.workflow('debate', `${id}-p2`).terminate('by hand');
    gate.open();
    const run = await house.ended(id);
    await provider.close();

    expect(run.decision).toMatchObject({ kind: 'decided', partial: true });
    expect(run.decision?.explanation).toContain('p2 failed');
    expect(reported(run)[1]).toMatchObject({ ending: 'failed', reason: null, record: null });
    expect((await partsOf(house, id))[1]?.status).toBe('failed');
  },
  runMs,
);
