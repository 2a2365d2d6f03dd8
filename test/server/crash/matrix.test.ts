import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { runCell } from './crash-cell.ts';
import type { CrashCell } from './crash-cell.ts';
import { openLab } from './crash-lab.ts';
import type { CrashLab } from './crash-lab.ts';
import { createFigureTable } from './figure-table.ts';
import { processesOf } from './processes.ts';

/** Events of a debate of three seats and two rounds: 1 opened … 13 sealed. */
const EVENTS = Array.from({ length: 13 }, (_, index) => index + 1);
/** Every answer comes alone, so that every event is a moment of its own. */
const APART_MS = [30, 80, 130];
/** Calls that are slow enough to be killed in their middle. */
const SLOW_MS = [300, 320, 340];
const START_WITHIN_MS = 120_000;
const CELL_WITHIN_MS = 120_000;

const table = createFigureTable();
let lab: CrashLab;

beforeAll(async () => {
  lab = await openLab();
}, START_WITHIN_MS);

afterAll(async () => {
  await lab.close();
  process.stderr.write(table.text());
}, START_WITHIN_MS);

async function faultsAfter(cell: CrashCell, label: string = cell.part): Promise<readonly string[]> {
  const { faults, figures } = await runCell(lab, cell);
  table.add(label, figures);
  return faults;
}

describe.each(['s3', 'api', 'postgres', 'temporal'] as const)(
  'a debate whose %s is killed',
  (part) => {
    test.each(EVENTS)(
      'at event %i ends as if nothing had happened',
      async (event) => {
        expect(await faultsAfter({ part, event, latenciesMs: APART_MS })).toEqual([]);
      },
      CELL_WITHIN_MS,
    );

    test(
      'in the middle of its calls ends as if nothing had happened',
      async () => {
        const cell: CrashCell = { part, event: 2, and: 'a call is made', latenciesMs: SLOW_MS };

        expect(await faultsAfter(cell)).toEqual([]);
      },
      CELL_WITHIN_MS,
    );
  },
);

describe('a debate whose only worker is killed', () => {
  test.each(EVENTS)(
    'at event %i repeats no call that had been answered',
    async (event) => {
      const cell: CrashCell = { part: 'worker', event, latenciesMs: APART_MS };

      expect(await faultsAfter(cell, 'worker, alone')).toEqual([]);
    },
    CELL_WITHIN_MS,
  );
});

describe('a debate whose worker is killed while another one lives', () => {
  beforeAll(async () => {
    await lab.stack.addWorker();
  }, START_WITHIN_MS);

  test.each(EVENTS)(
    'at event %i repeats no call that had been answered, and needs no time-out of a call',
    async (event) => {
      const cell: CrashCell = { part: 'worker', event, latenciesMs: APART_MS };

      const { faults, figures } = await runCell(lab, cell);

      table.add('worker, with another', figures);
      expect(faults).toEqual([]);
      expect(figures.timeOuts.filter((what) => what !== 'workflow task')).toEqual([]);
    },
    CELL_WITHIN_MS,
  );

  test(
    'in the middle of calls needs no time-out of a call, whoever of them was making it',
    async () => {
      const { faults, figures } = await runCell(lab, {
        part: 'worker',
        event: 2,
        and: 'a call is made',
        latenciesMs: SLOW_MS,
      });

      table.add('worker, with another', figures);
      expect(faults).toEqual([]);
      expect(figures.timeOuts.filter((what) => what !== 'workflow task')).toEqual([]);
    },
    CELL_WITHIN_MS,
  );
});

test(
  'nothing is left alive when the stack has stopped',
  async () => {
    const before = processesOf(lab.folder);

    await lab.close();

    expect(before.length).toBeGreaterThan(0);
    expect(processesOf(lab.folder)).toEqual([]);
  },
  START_WITHIN_MS,
);
