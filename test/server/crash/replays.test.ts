import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { openLab } from './crash-lab.ts';
import type { CrashLab } from './crash-lab.ts';
import { beginDebate, patiently, untilSealed } from './crashed-debate.ts';
import { eventsOf } from './debate-faults.ts';

const START_WITHIN_MS = 120_000;
const RUN_WITHIN_MS = 120_000;
const FAST_MS = [20, 30, 40];
/** Enough for the kill to meet some of them under way. */
const AT_ONCE = 30;

let lab: CrashLab;
let id: string;

beforeAll(async () => {
  lab = await openLab();
  const begun = await beginDebate(lab, { latenciesMs: FAST_MS });
  await untilSealed(lab, await begun.stream);
  id = await begun.id;
}, START_WITHIN_MS);

afterAll(async () => {
  await lab.close();
}, START_WITHIN_MS);

async function replayed(): Promise<string> {
  const { kind } = await lab.api<{ kind: string }>(`/v1/collaborations/${id}/replays`, {
    body: {},
  });
  return kind;
}

test.each(['api', 'postgres', 's3'])(
  'replays whose %s is killed are equal or cut off, equal when asked again, and change nothing',
  async (part) => {
    const before = await patiently(async () => await eventsOf(lab, id));
    const asked = Array.from({ length: AT_ONCE }, async () => {
      try {
        return await replayed();
      } catch {
        return 'cut off';
      }
    });

    await lab.stack.kill(part);
    const answers = await Promise.all(asked);
    await lab.stack.waitReady(part);

    expect(answers.filter((answer) => !['equal', 'cut off'].includes(answer))).toEqual([]);
    expect(await patiently(replayed)).toBe('equal');
    expect(await patiently(async () => await eventsOf(lab, id))).toEqual(before);
  },
  RUN_WITHIN_MS,
);
