import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { openLab } from './crash-lab.ts';
import type { CrashLab } from './crash-lab.ts';
import { analysisFaults, analysisSnapshot, beginAnalysis, endedParts } from './crashed-analysis.ts';
import { RECOVERED_WITHIN_MS } from './crashed-debate.ts';
import { copyOfTemporal, makeTemporalForget } from './forgetful-temporal.ts';

/**
 * Events of an analysis in two parts: 1 opened, 2 question decomposed, 3 and 4 parts opened, 5 and 6 parts ended,
 * 7 synthesis written, 8 decision reached, 9 sealed.
 */
const EVENTS = Array.from({ length: 9 }, (_, index) => index + 1);
const PARTS_OPENED = 4;
const PART_ENDED = 5;
/** Events of the debated part: opened, round opened, and then its positions. */
const PART_EVENTS = [1, 2, 3, 4];
const START_WITHIN_MS = 120_000;
const RUN_WITHIN_MS = 120_000;

let lab: CrashLab;

beforeAll(async () => {
  lab = await openLab();
}, START_WITHIN_MS);

afterAll(async () => {
  await lab.close();
}, START_WITHIN_MS);

/** Runs an analysis, kills a part of the stack as soon as a stream has so many events, and says what is wrong at its end. */
async function faultsAfter(
  stackPart: 'worker' | 'temporal' | 'postgres' | 'api',
  at: { readonly event: number; readonly part?: string },
): Promise<readonly string[]> {
  const begun = await beginAnalysis(lab);
  const whole = await begun.stream;
  const stream = at.part === undefined ? whole : lab.ledger.stream(`${whole.id}-${at.part}`);
  await stream.until(at.event, RECOVERED_WITHIN_MS);
  await lab.stack.kill(stackPart);
  const atKill = stackPart === 'worker' ? await analysisSnapshot(lab, begun) : null;
  return await analysisFaults(lab, begun, atKill);
}

describe('an analysis whose only worker is killed', () => {
  test.each(EVENTS)(
    'at event %i ends as if nothing had happened',
    async (event) => {
      expect(await faultsAfter('worker', { event })).toEqual([]);
    },
    RUN_WITHIN_MS,
  );

  test.each(PART_EVENTS)(
    'at event %i of a part ends as if nothing had happened',
    async (event) => {
      expect(await faultsAfter('worker', { event, part: 'p2' })).toEqual([]);
    },
    RUN_WITHIN_MS,
  );
});

test.each(['temporal', 'postgres', 'api'] as const)(
  'an analysis whose %s is killed while its parts run ends as if nothing had happened',
  async (stackPart) => {
    expect(await faultsAfter(stackPart, { event: PARTS_OPENED })).toEqual([]);
  },
  RUN_WITHIN_MS,
);

describe('an analysis that Temporal forgets', () => {
  test.each([
    ['its parts have begun', PARTS_OPENED, undefined],
    ['a part is under way', 3, 'p2'],
    ['a part has ended', PART_ENDED, undefined],
  ])(
    'when %s goes on from the ledger',
    async (_when, event, part) => {
      const begun = await beginAnalysis(lab);
      const whole = await begun.stream;
      const stream = part === undefined ? whole : lab.ledger.stream(`${whole.id}-${part}`);
      await stream.until(event, RECOVERED_WITHIN_MS);

      await makeTemporalForget(lab);
      const atKill = await analysisSnapshot(lab, begun);
      const forgotten = await endedParts(lab, begun);

      expect(await analysisFaults(lab, begun, atKill, forgotten)).toEqual([]);
    },
    RUN_WITHIN_MS,
  );

  test(
    'back to before its parts began goes on from the ledger',
    async () => {
      const begun = await beginAnalysis(lab);
      const whole = await begun.stream;
      await whole.until(1, RECOVERED_WITHIN_MS);
      const copy = await copyOfTemporal(lab, `before-${whole.id}`);
      await whole.until(PART_ENDED, RECOVERED_WITHIN_MS);

      await makeTemporalForget(lab, { copy, alsoKill: ['worker'] });
      const atKill = await analysisSnapshot(lab, begun);
      const forgotten = await endedParts(lab, begun);

      expect(await analysisFaults(lab, begun, atKill, forgotten)).toEqual([]);
    },
    RUN_WITHIN_MS,
  );
});
