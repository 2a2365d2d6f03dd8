import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { anonymousNames } from '../../../domain/prompts/anonymous-names.ts';
import { schemaInstruction } from '../../../domain/prompts/schema-instruction.ts';
import { fnv1a, seededShuffle } from '../../../domain/prompts/seeded-shuffle.ts';
import { fitSources } from '../../../domain/prompts/source-fit.ts';
import {
  bytesOfTokens,
  cutUtf8,
  estimateTokens,
  imageTokens,
  utf8Bytes,
} from '../../../domain/prompts/token-estimate.ts';

const seats = (count: number): string[] => Array.from({ length: count }, (_seat, at) => `s${at}`);

describe('anonymous names', () => {
  test('are the letters, each once, from A', () => {
    const names = [...anonymousNames('seed', seats(4)).values()].sort();

    expect(names).toEqual(['Participant A', 'Participant B', 'Participant C', 'Participant D']);
  });

  test('go on after Z', () => {
    const names = [...anonymousNames('seed', seats(28)).values()];

    expect(names.slice(25)).toEqual(['Participant Z', 'Participant AA', 'Participant AB']);
  });

  test('differ by seed and are the same for the same one', () => {
    const order = (seed: string): string => [...anonymousNames(seed, seats(8)).keys()].join();

    expect(order('one')).toBe(order('one'));
    expect(new Set(['one', 'two', 'three', 'four'].map(order)).size).toBe(4);
  });

  test('of those who were there stay when others join', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(8), fc.nat(4), (seed, planned, joined) => {
        const before = anonymousNames(seed, seats(planned));
        const after = anonymousNames(seed, seats(planned + joined), joined);

        expect([...after].slice(0, planned)).toEqual([...before]);
        expect(new Set(after.values()).size).toBe(planned + joined);
      }),
    );
  });
});

describe('a seeded shuffle', () => {
  test('loses nothing and adds nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.string(), (items, seed) => {
        const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);

        expect(sorted(seededShuffle(items, seed, 'x'))).toEqual(sorted(items));
      }),
    );
  });

  test('brings everybody to every place about equally often', () => {
    const firsts = new Map<number, number>();
    for (let seed = 0; seed < 3000; seed += 1) {
      const [first = -1] = seededShuffle([0, 1, 2], String(seed), 'x');
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }

    expect(Math.min(...firsts.values())).toBeGreaterThan(900);
    expect(firsts.size).toBe(3);
  });

  test('stays what it is, so that recorded runs replay', () => {
    expect(seededShuffle(['a', 'b', 'c', 'd', 'e'], '00ff', 'names').join('')).toBe('cdabe');
    expect(fnv1a('')).toBe(0x811c9dc5);
    expect(fnv1a('a')).toBe(0xe40c292c);
  });
});

describe('estimating tokens', () => {
  test('counts a token for four bytes, rounded up', () => {
    expect(estimateTokens('')).toBe(0);
    expect(estimateTokens('12345')).toBe(2);
    expect(bytesOfTokens(3)).toBe(12);
  });

  test('counts bytes as UTF-8 has them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
      }),
      { examples: [['aé€😀'], ['\ud800'], ['\udc00\ud800x']] },
    );
  });

  test('cuts at a character, never longer than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, bytes) => {
        const cut = cutUtf8(text, bytes);

        expect(text.startsWith(cut)).toBe(true);
        expect(utf8Bytes(cut)).toBeLessThanOrEqual(bytes);
        expect(/\p{Surrogate}/u.test(cut)).toBe(false);
      }),
    );
  });
});

describe('fitting sources', () => {
  const text = (name: string, bytes: number) =>
    ({ kind: 'text', name, text: 'x'.repeat(bytes) }) as const;
  const image = { kind: 'image', name: 'a.png', mediaType: 'image/png', base64: 'AA==' } as const;

  test('takes all that fits', () => {
    const fitted = fitSources([text('a', 400)], { tokensMax: 100, vision: true });

    expect(fitted).toMatchObject({ images: [], leftOut: [] });
    expect(fitted.text).toBe(`Material "a":\n> ${'x'.repeat(400)}`);
  });

  test('takes the beginning of what does not, and says so', () => {
    const sources = [text('plan.md', 80_000), text('notes.md', 1000)];

    const fitted = fitSources(sources, { tokensMax: 3000, vision: true });

    expect(fitted.leftOut).toEqual([
      'plan.md: first 12,000 of 80,000 bytes',
      'notes.md: left out, 1,000 bytes',
    ]);
    expect(fitted.text).toContain('Material "plan.md" (first 12,000 of 80,000 bytes):');
    expect(fitted.text).not.toContain('notes.md');
  });

  test('shows an empty text as one', () => {
    expect(fitSources([text('a', 0)], { tokensMax: 0, vision: true }).text).toBe(
      'Material "a":\n> ',
    );
  });

  test('shows images to those who see, while there is room', () => {
    const room = { tokensMax: imageTokens, vision: true };

    expect(fitSources([image, image], room)).toMatchObject({
      text: 'Material "a.png" is image 1 below.',
      images: [{ kind: 'image', mediaType: 'image/png', base64: 'AA==', stable: true }],
      leftOut: ['a.png: no room for the image'],
    });
    expect(fitSources([image], { ...room, vision: false })).toMatchObject({
      images: [],
      leftOut: ['a.png: an image, which this agent does not take'],
    });
  });
});

test('a schema in words is one line of JSON between two sentences', () => {
  const lines = schemaInstruction({ name: 'x', jsonSchema: { type: 'object' } }).split('\n');

  expect(lines[1]).toBe('{"type":"object"}');
  expect(lines).toHaveLength(3);
});
