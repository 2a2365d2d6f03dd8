import { generateKeyPairSync } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import { turnRef } from '../../../domain/collaboration/fact.ts';
import { verifyRecord } from '../../../domain/ledger/verification.ts';
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
import {
  altered,
  events,
  faults,
  leaves,
  messages,
  placeOf,
  record,
  seal,
  sealed,
  spki,
} from './tampering.ts';

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
