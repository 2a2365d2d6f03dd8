import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { turnTasks } from '../../../domain/collaboration/fact.ts';
import { cleanText, cutText } from '../../../domain/replies/clean-text.ts';
import { readReply } from '../../../domain/replies/read-reply.ts';
import { closed, later, open, read } from './contexts.ts';

const tasks = fc.constantFrom(...turnTasks);
const finishes = fc.constantFrom('stop', 'length', 'refusal', 'other');
const contexts = fc.constantFrom(closed, open, later, {
  ...closed,
  protocol: { kind: 'ranked', method: 'schulze' } as const,
});
const wild = fc.string({ unit: 'binary', maxLength: 200 });

const reply = fc.record({
  critiques: fc.array(fc.record({ of: fc.constant('Participant B'), text: wild })),
  rationale: wild,
  evidence: fc.array(wild),
  answer: fc.constantFrom('Postgres', 'SQLite', 'Redis'),
  citing: fc.constant('Participant B'),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
  abstain: fc.constant(false),
});

describe('reading a reply', () => {
  test('never throws, whatever the text', () => {
    const text = fc.oneof(
      wild,
      fc.json(),
      fc.json().map((json) => `{"answer":${json}}`),
    );

    fc.assert(
      fc.property(tasks, text, finishes, contexts, (task, said, finish, context) => {
        const result = readReply(task, said, finish, context);

        expect(result.ok || result.instruction.length > 0).toBe(true);
      }),
    );
  });

  test('never throws, however deep the nesting', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);

    expect(read('vote', `{"answer":${deep},"confidence":${deep}}`, closed).ok).toBe(false);
  });

  test('takes every good reply', () => {
    fc.assert(
      fc.property(reply, (good) => {
        expect(read('revision', good, later).ok).toBe(true);
      }),
    );
  });

  test('finds a fault in every half of a good reply', () => {
    fc.assert(
      fc.property(reply, fc.double({ min: 0, max: 1, noNaN: true }), (good, share) => {
        const whole = JSON.stringify(good);
        const half = whole.slice(0, Math.min(whole.length - 1, Math.floor(whole.length * share)));

        expect(read('revision', half, later)).toMatchObject({
          ok: false,
          fault: half === '' ? 'empty' : 'not-json',
        });
        expect(read('revision', half, later, 'length')).toMatchObject({ fault: 'cut-off' });
      }),
    );
  });
});

describe('text of a reply', () => {
  test('comes out well formed and without NUL, and clean text stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = cleanText(text);

        expect(clean).not.toContain('\u0000');
        expect(Buffer.from(clean, 'utf8').toString('utf8')).toBe(clean);
        expect(cleanText(clean)).toBe(clean);
      }),
    );
  });

  test('is cut to its length and never inside a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 5, max: 20 }), (text, max) => {
        const cut = cutText(text, max);

        expect(cut.length).toBeLessThanOrEqual(max);
        expect(cleanText(cut)).toBe(cleanText(cut).replaceAll('\ufffd', '\ufffd'));
        expect(/\p{Surrogate}/u.test(cut)).toBe(false);
      }),
    );
  });
});
