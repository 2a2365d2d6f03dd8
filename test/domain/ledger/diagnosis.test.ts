import { describe, expect, test } from '@jest/globals';

import { locateChange } from '../../../domain/ledger/diagnosis.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { eventAt, sampleEvents, sha256 } from './sample-run.ts';

const events = sampleEvents();

/** Enough to try every character of an event. */
const searching = 250_000;

describe('locating a change', () => {
  test('gives up where there is nothing to look at', () => {
    expect(
      locateChange({ events: [], triesMax: 0 }, { index: 0, fault: 'changed' }, sha256),
    ).toBeUndefined();
  });

  test('does not look for characters where an event is missing', () => {
    const without = events.filter(({ seq }) => seq !== 3);

    expect(
      locateChange(
        { events: without, triesMax: searching },
        { index: 2, fault: 'missing' },
        sha256,
      ),
    ).toBeUndefined();
  });

  test('looks for no characters of an event that is changed and out of place', () => {
    const moved = { ...eventAt(events, 3), seq: 99, id: 'other' };
    const chain = { events: [...events.slice(0, 2), moved], triesMax: searching };

    expect(locateChange(chain, { index: 2, fault: 'missing' }, sha256)).toBeUndefined();
  });

  test('names the stream of a lone first event by its neighbour', () => {
    const [first, ...rest] = events;
    const changed = [{ ...first, stream: 'c_other' } as LedgerEvent, ...rest];

    expect(
      locateChange({ events: changed, triesMax: 0 }, { index: 0, fault: 'changed' }, sha256),
    ).toEqual([{ path: 'stream', given: 'c_other', expected: 'c_sample' }]);
  });

  test('ends within its bound for an event that is changed beyond repair', () => {
    const [first] = events;
    const changed = [{ ...first, source: 'x'.repeat(4000) } as LedgerEvent];

    expect(
      locateChange({ events: changed, triesMax: 1000 }, { index: 0, fault: 'changed' }, () => 'x'),
    ).toBeUndefined();
  });
});
