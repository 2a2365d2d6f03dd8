import { readFile } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { emptyHead, hashOfEvent, sealEvent, verifyChain } from '../../../domain/ledger/chain.ts';
import { factOf, genesisHash } from '../../../domain/ledger/event.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { chained, eventAt, sampleEvents, sampleHappenings, sha256 } from './sample-run.ts';

const events = sampleEvents();

function verdictOn(changed: readonly LedgerEvent[]): string {
  const verdict = verifyChain(changed, sha256);
  return verdict.ok ? 'whole' : `${verdict.fault} at ${verdict.seq}`;
}

describe('a chain', () => {
  test('is whole and gives its head', () => {
    const last = eventAt(events, events.length);

    expect(verifyChain(events, sha256)).toEqual({
      ok: true,
      head: { seq: last.seq, hash: last.hash },
    });
    expect(verifyChain([], sha256)).toEqual({ ok: true, head: emptyHead });
  });

  test('has the hashes that are committed as a vector', async () => {
    const path = new URL('chain-vector.json', import.meta.url);
    const vector = JSON.parse(await readFile(path, 'utf8')) as LedgerEvent[];

    expect(events).toEqual(vector);
    expect(verdictOn(vector)).toBe('whole');
  });

  test('is verified in parts as well', () => {
    const head = { seq: 4, hash: eventAt(events, 4).hash };

    expect(verifyChain(events.slice(4), sha256, head).ok).toBe(true);
    expect(verifyChain(events.slice(5), sha256, head)).toMatchObject({ fault: 'missing', seq: 5 });
  });

  test('leaves out of an event what is no part of it', () => {
    const event = { ...eventAt(events, 1), extra: true };
    const place = { stream: 'c', seq: 1, previousHash: genesisHash };

    expect(Object.keys(sealEvent(event, place, sha256))).not.toContain('extra');
  });

  test('names a missing event', () => {
    expect(verdictOn(events.filter(({ seq }) => seq !== 5))).toBe('missing at 5');
    expect(verdictOn(events.slice(1))).toBe('missing at 1');
  });

  test('names a repeated event', () => {
    expect(verdictOn([...events.slice(0, 3), ...events.slice(2)])).toBe('repeated at 3');
  });

  test('names events that changed places', () => {
    const swapped = [...events.slice(0, 3), eventAt(events, 5), eventAt(events, 4)];

    expect(verdictOn([...swapped, ...events.slice(5)])).toBe('reordered at 4');
  });

  test('names an event that was replaced whole', () => {
    const third = { ...eventAt(events, 3), subject: 'another' };
    const replaced = sealEvent(third, third, sha256);
    const changed = [...events.slice(0, 2), replaced, ...events.slice(3)];

    expect(verdictOn(changed)).toBe('wrong-previous-hash at 4');
  });

  test('names an event of another stream', () => {
    const foreign = chained(sampleHappenings(), 'c_other');
    const changed = [...events.slice(0, 3), ...foreign.slice(3)];

    expect(verdictOn(changed)).toBe('other-stream at 4');
  });

  test('names an event whose data has no canonical JSON', () => {
    const broken = { ...eventAt(events, 2), data: { round: Number.NaN } };

    const verdict = verifyChain([eventAt(events, 1), broken], sha256);

    expect(verdict).toMatchObject({ fault: 'changed', seq: 2, index: 1 });
    expect(JSON.stringify(verdict)).toContain('$.data.round');
  });

  test('lets no fault of the hash function pass for a changed event', () => {
    const failing = (): string => {
      throw new Error('no entropy');
    };

    expect(() => verifyChain(events, failing)).toThrow('no entropy');
  });

  test('finds any change of any field of any event, and names the event', () => {
    const fields = ['id', 'type', 'source', 'subject', 'time', 'hash', 'previousHash', 'stream'];
    fc.assert(
      fc.property(
        fc.nat(events.length - 1),
        fc.constantFrom(...fields),
        fc.string({ minLength: 1 }),
        (index, field, addition) => {
          const changed = events.map((event, at) =>
            at === index ? { ...event, [field]: `${field}${addition}` } : event,
          );
          const verdict = verifyChain(changed, sha256);

          // Another stream in the first event makes all the others foreign: the first of them is named as well.
          expect(verdict).toMatchObject({ ok: false, seq: index + 1 });
        },
      ),
    );
  });

  test('finds any change within the data of any event, and names the event', () => {
    fc.assert(
      fc.property(fc.nat(events.length - 1), fc.string(), fc.jsonValue(), (index, key, value) => {
        const event = eventAt(events, index + 1);
        const data = { ...event.data, [`${key}!`]: value };
        const changed = events.map((one) => (one === event ? { ...event, data } : one));

        expect(verifyChain(changed, sha256)).toMatchObject({ fault: 'changed', seq: index + 1 });
      }),
    );
  });
});

describe('an event', () => {
  test('gives its fact back, without its content', () => {
    const facts = events.map((event) => factOf(event));

    expect(facts).toEqual(sampleHappenings().map(({ fact }) => fact));
  });

  test('that seals is no fact', () => {
    expect(factOf({ type: 'conclave.decision.sealed.v1', data: {} })).toBeUndefined();
  });

  test('has a hash over everything but the hash', () => {
    const event = eventAt(events, 3);

    expect(hashOfEvent({ ...event, hash: 'other' }, sha256)).toBe(event.hash);
    expect(hashOfEvent({ ...event, extra: 1 } as LedgerEvent, sha256)).not.toBe(event.hash);
  });
});
