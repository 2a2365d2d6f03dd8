import { generateKeyPairSync, sign } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import type { SealedRecord } from '../../../domain/collaboration/decision.ts';
import { turnRef } from '../../../domain/collaboration/fact.ts';
import { sealEvent, sealEvents } from '../../../domain/ledger/chain.ts';
import { locateChange } from '../../../domain/ledger/diagnosis.ts';
import { differences } from '../../../domain/ledger/difference.ts';
import type { LedgerEvent, NewEvent } from '../../../domain/ledger/event.ts';
import { buildRecord, signedBytes } from '../../../domain/ledger/record.ts';
import {
  verifyRecord,
  type Finding,
  type VerificationCheck,
} from '../../../domain/ledger/verification.ts';
import {
  chained,
  decided,
  eventAt,
  opened,
  plan,
  position,
  said,
  sampleEvents,
  sampleStream,
  sha256,
  single,
} from './sample-run.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

function seal(events: readonly LedgerEvent[], long: readonly string[] = []): SealedRecord {
  const texts = new Map(long.map((text) => [sha256(text), text]));
  const unsigned = buildRecord(
    { events, resolve: ({ artifact }) => texts.get(artifact) ?? '' },
    {
      tenantId: 'local',
      collaborationId: sampleStream,
      sealedAt: events.at(-1)?.time ?? '',
      keyId: cryptography.keyIdOf(spki),
      publicKey: spki,
    },
    sha256,
  );
  return {
    ...unsigned,
    signature: sign(undefined, signedBytes(unsigned), privateKey).toString('base64'),
  };
}

const events = sampleEvents();
const record = seal(events);

function sealing(of: SealedRecord): NewEvent {
  return {
    id: 'sealed',
    type: 'conclave.decision.sealed.v1',
    source: '/x',
    subject: sampleStream,
    time: '2026-11-21T09:01:00.000Z',
    data: { content: { record: '', transcript: '', keyId: of.keyId, signature: of.signature } },
  };
}

const sealed = [
  ...events,
  ...sealEvents(
    [sealing(record)],
    { stream: sampleStream, head: eventAt(events, events.length) },
    sha256,
  ),
];

/** Searching a changed character takes a second; only the tests that are about it look that far. */
const searching = 250_000;

function faults(
  given: unknown,
  of?: readonly unknown[],
  pinned?: string,
  triesMax = 0,
): readonly Finding[] {
  const findings = verifyRecord(
    {
      record: given,
      triesMax,
      ...(of === undefined ? {} : { events: of }),
      ...(pinned === undefined ? {} : { publicKey: pinned }),
    },
    cryptography,
  );
  return findings.filter((finding) => !finding.ok);
}

function messages(found: readonly Finding[], check: VerificationCheck): string {
  return found
    .filter((finding) => finding.check === check)
    .map((finding) => finding.message)
    .join('\n');
}

/** The paths of a JSON value's leaves, as keys from the top. */
function leaves(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, part]) => leaves(part, [...path, key]));
}

/** A copy in which one leaf is another one of its kind. */
function altered<T>(value: T, path: readonly string[]): T {
  const copy = structuredClone(value);
  const holder = path
    .slice(0, -1)
    .reduce<Record<string, unknown>>(
      (part, key) => part[key] as Record<string, unknown>,
      copy as Record<string, unknown>,
    );
  const key = path.at(-1) ?? '';
  holder[key] = another(holder[key]);
  return copy;
}

function another(leaf: unknown): unknown {
  if (typeof leaf === 'string')
    return leaf.startsWith('0') ? `1${leaf.slice(1)}` : `0${leaf.slice(1)}`;
  if (typeof leaf === 'number') return leaf + 1;
  return typeof leaf === 'boolean' ? !leaf : 7;
}

function placeOf(path: readonly string[]): string {
  return path.reduce((sum, key) => (/^\d+$/.test(key) ? `${sum}[${key}]` : `${sum}.${key}`));
}

/** The events with another one in the third place. */
function with3(event: LedgerEvent): readonly LedgerEvent[] {
  return events.map((one) => (one.seq === 3 ? event : one));
}

describe('a whole record', () => {
  test('holds by itself and against its events, sealed or not', () => {
    expect(faults(record)).toEqual([]);
    expect(faults(record, events)).toEqual([]);
    expect(faults(record, sealed)).toEqual([]);
  });

  test('holds after JSON carried it, with keys in any order', () => {
    const carried: unknown = JSON.parse(
      JSON.stringify(Object.fromEntries(Object.entries(record).reverse())),
    );

    expect(faults(carried, JSON.parse(JSON.stringify(sealed)) as unknown[])).toEqual([]);
  });

  test('says that its key was not pinned, and holds against the pinned one', () => {
    const findings = verifyRecord({ record }, cryptography);

    expect(findings.find(({ check }) => check === 'key')?.message).toContain('not pinned');
    expect(faults(record, events, spki)).toEqual([]);
    expect(messages(faults(record, events, 'AAAA'), 'key')).toContain(
      'not the key that was pinned',
    );
  });

  test('quotes the texts that are too long for its events', () => {
    const long = 'much to say '.repeat(1000);
    const reference = { artifact: sha256(long), bytes: long.length };
    const of = chained([
      opened(plan({ optionKeys: [] }), { options: [] }),
      position(turnRef('proposal', 1, 's1'), single('a1'), said(reference)),
      decided('a1'),
    ]);
    const good = seal(of, [long]);
    const bad = { ...good, positions: good.positions.map((one) => ({ ...one, answer: 'other' })) };
    const worse = { ...bad, decision: { ...bad.decision, answer: 'other', votes: [] } };

    expect(faults(good, of)).toEqual([]);
    expect(messages(faults(bad, of), 'positions')).toContain('positions[0].answer is "other"');
    expect(messages(faults(worse, of), 'positions')).toContain(`(text with SHA-256`);
  });
});

describe('a changed record', () => {
  test('is found by its signature alone, wherever it was changed', () => {
    const paths = leaves(record);
    fc.assert(
      fc.property(fc.constantFrom(...paths), (path) => {
        expect(faults(altered(record, path)).length).toBeGreaterThan(0);
      }),
      { numRuns: paths.length },
    );
  });

  test('is found where other letters of its signature stand for the same bytes', () => {
    const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
    const before = record.signature.slice(0, -'x=='.length);
    const alike = letters
      .map((letter) => `${before}${letter}==`)
      .filter((signature) => signature !== record.signature)
      .filter(
        (signature) => Buffer.from(signature, 'base64').toString('base64') === record.signature,
      );

    expect(alike).toHaveLength(15);
    for (const signature of alike) {
      expect(messages(faults({ ...record, signature }), 'shape')).toContain('signature: ');
    }
  });

  test('is named by its path when the events are there', () => {
    // Two are known to the signature alone: the tenant, and the key by which the record is signed.
    const told = leaves(record).filter(
      ([field]) => field !== 'tenantId' && field !== 'publicKey' && field !== 'version',
    );
    for (const path of told) {
      const found = faults(altered(record, path), sealed);

      expect(found.map(({ message }) => message).join('\n')).toContain(placeOf(path));
    }
  });

  test('names what stands there and what the events say', () => {
    const found = faults(altered(record, ['decision', 'votes', '1', 'confidence']), events);

    expect(messages(found, 'decision')).toBe(
      'decision.votes[1].confidence is 1.7, the events say 0.7',
    );
  });

  test('names what is wrong with its cost', () => {
    const found = faults(altered(record, ['decision', 'cost', 'calls']), events);

    expect(messages(found, 'cost')).toBe('decision.cost.calls is 7, the events say 6');
  });

  test("names a key id that is not the key's", () => {
    expect(messages(faults({ ...record, keyId: '0'.repeat(16) }), 'key id')).toContain(
      cryptography.keyIdOf(spki),
    );
  });

  test('fails with a key that is none, or none for Ed25519', () => {
    const { publicKey: other } = generateKeyPairSync('x25519');
    const x25519 = other.export({ type: 'spki', format: 'der' }).toString('base64');

    expect(messages(faults({ ...record, publicKey: 'AAAA' }), 'signature')).toContain(
      'does not fit',
    );
    expect(messages(faults({ ...record, publicKey: x25519 }), 'signature')).toContain(
      'does not fit',
    );
  });

  test('names what its shape lacks or has too much', () => {
    const headless = { ...record, head: undefined };

    expect(messages(faults(headless), 'shape')).toContain('head: ');
    expect(messages(faults({ ...record, extra: 1 }), 'shape')).toContain('extra');
    expect(messages(faults('record'), 'shape')).toContain('the whole: ');
    expect(messages(faults({ ...record, options: [...record.options, 1] }), 'shape')).toContain(
      'options[2]: ',
    );
  });

  test('is refused where it holds what cannot have been signed', () => {
    const found = faults({ ...record, plan: { a: 'x\ud800' } });

    expect(messages(found, 'shape')).toContain('$.plan.a');
  });

  test('names a position that no event tells of, and one whose content differs', () => {
    const first = altered(record, ['positions', '0', 'turn']);
    const second = altered(record, ['positions', '1', 'sha256']);

    expect(messages(faults(first, events), 'positions')).toContain('no event tells of it');
    expect(messages(faults(second, events), 'positions')).toContain('the content of event 4');
  });

  test('names a head that lies elsewhere', () => {
    const head = (more: object): string =>
      messages(faults({ ...record, head: { ...record.head, ...more } }, events), 'head');

    expect(head({ seq: 99 })).toBe('head.seq is 99, the events end at 13');
    expect(head({ hash: '0'.repeat(64) })).toContain('event 13 has');
    expect(head({ stream: 'c_other' })).toContain('event 13 belongs to c_sample');
  });

  test('names a seal that bears witness to another signature', () => {
    const other = { ...record, signature: 'AAAA' };

    expect(messages(faults(other, sealed), 'seal')).toContain('signature is AAAA, the seal says');
    expect(
      messages(faults(record, [...events, { ...eventAt(sealed, 14), data: {} }]), 'seal'),
    ).toContain('the seal says undefined');
  });
});

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

describe('differences', () => {
  test('are none between equal values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(differences(value, structuredClone(value))).toEqual([]);
      }),
    );
  });

  test('name the deepest places', () => {
    expect(differences({ a: [1, { b: 2 }], c: 3 }, { a: [1, { b: 4 }, 5], d: null })).toEqual([
      { path: 'a[1].b', given: 2, expected: 4 },
      { path: 'a[2]', given: undefined, expected: 5 },
      { path: 'c', given: 3, expected: undefined },
      { path: 'd', given: undefined, expected: null },
    ]);
  });

  test('name the whole where the kinds differ', () => {
    expect(differences([], {})).toEqual([{ path: '$', given: [], expected: {} }]);
    expect(differences({ a: [] }, { a: null })).toEqual([{ path: 'a', given: [], expected: null }]);
  });
});
