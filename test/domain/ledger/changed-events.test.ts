import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { turnRef } from '../../../domain/collaboration/fact.ts';
import { sealEvent } from '../../../domain/ledger/chain.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import {
  chained,
  decided,
  eventAt,
  opened,
  plan,
  position,
  said,
  sha256,
  single,
} from './sample-run.ts';
import { altered, events, faults, leaves, messages, placeOf, record } from './tampering.ts';

/** Searching a changed character takes a second; only the tests that are about it look that far. */
const searching = 250_000;

/** The events with another one in the third place. */
function with3(event: LedgerEvent): readonly LedgerEvent[] {
  return events.map((one) => (one.seq === 3 ? event : one));
}

describe('changed events', () => {
  const third = eventAt(events, 3);
  // Another number is another character only while it keeps its length.
  const sameLength = leaves(third).filter(
    (path) => JSON.stringify(altered(third, path)).length === JSON.stringify(third).length,
  );

  test.each(sameLength.map((path) => [placeOf(path), path] as const))(
    'are named by number and field, when a character of %s differs',
    (place, path) => {
      const changed = altered(third, path);
      const found = faults(record, with3(changed), undefined, searching);

      expect(messages(found, 'chain')).toContain(`event 3 was changed: ${place} is `);
    },
  );

  test("name the last event's hash by the record's head", () => {
    const last = eventAt(events, events.length);
    const changed = [...events.slice(0, -1), { ...last, hash: '0'.repeat(64) }];

    expect(messages(faults(record, changed), 'chain')).toContain('event 13 was changed: hash is ');
  });

  test('name the number alone where more than a character differs', () => {
    const changed = with3({ ...third, id: 'quite another' });

    expect(messages(faults(record, changed), 'chain')).toContain(
      'event 3 (conclave.position.submitted.v1) was changed: its hash is',
    );
  });

  test('are named when one is left out or replaced whole', () => {
    const replaced = sealEvent({ ...third, time: '2026-11-21T09:00:59.000Z' }, third, sha256);

    expect(
      messages(
        faults(
          record,
          events.filter((one) => one !== third),
        ),
        'chain',
      ),
    ).toContain('event 3 is missing');
    expect(
      messages(
        faults(
          record,
          events.map((one) => (one === third ? replaced : one)),
        ),
        'chain',
      ),
    ).toContain('event 4 follows');
  });

  test('differ from the record when the whole chain was made anew', () => {
    const forged = chained([
      opened(plan()),
      position(turnRef('proposal', 1, 's1'), single('o2'), said('MySQL o2')),
      decided('o2'),
    ]);
    const found = faults(record, forged);

    expect(messages(found, 'chain')).toBe('');
    expect(messages(found, 'head')).toContain('the events end at 3');
    expect(messages(found, 'decision')).toContain('decision.answer is "Postgres"');
  });

  test('that are none are named by their place', () => {
    const found = faults(record, [eventAt(events, 1), { ...eventAt(events, 2), type: 8 }, 7]);

    expect(messages(found, 'events')).toContain('event at 2, type: ');
    expect(messages(found, 'events')).toContain('event at 3, the whole: ');
  });

  test('that are not there, or tell of no run, are named', () => {
    expect(messages(faults(record, []), 'record')).toContain('cannot be built again');
    expect(messages(faults(record, []), 'head')).toContain('the events end at 0');
  });

  test('that hold what has no canonical JSON are named', () => {
    const content = { ...(third.data['content'] as object), rationale: '\ud800' };
    const broken = { ...third, data: { ...third.data, content } };
    const found = faults(
      record,
      events.map((one) => (one === third ? broken : one)),
    );

    expect(messages(found, 'chain')).toContain('$.data.content.rationale');
    expect(messages(found, 'positions')).toContain('hashes to nothing');
  });

  test('whose reading fails in any way are a finding, not a crash', () => {
    fc.assert(
      fc.property(
        fc.nat(events.length - 1),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (at, data) => {
          const changed = events.map((one, index) => (index === at ? { ...one, data } : one));

          expect(faults(record, changed).length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
