import { describe, expect, test } from '@jest/globals';

import {
  builtInPersonas,
  defaultPersonas,
  mergePersonas,
} from '../../../domain/personas/persona.ts';

describe('merging personas', () => {
  test.each(builtInPersonas)('knows %s', (name) => {
    const merged = mergePersonas([name], {});

    expect(merged.ok && merged.instructions.startsWith(`${name}: `)).toBe(true);
  });

  test('joins several in their order, each once', () => {
    const merged = mergePersonas(['critic', 'mine', 'critic'], { mine: 'be brief' });

    expect(merged.ok && merged.instructions).toMatch(/^critic: .+\nmine: be brief$/);
  });

  test('of none gives no instructions', () => {
    expect(mergePersonas([], {})).toEqual({ ok: true, instructions: '' });
  });

  test('prefers a custom persona to a built-in one of its name', () => {
    expect(mergePersonas(['critic'], { critic: 'be kind' })).toEqual({
      ok: true,
      instructions: 'critic: be kind',
    });
  });

  test('names every one that nobody knows, and those that are known', () => {
    expect(mergePersonas(['critic', 'toString', 'bard'], { mine: 'x' })).toEqual({
      ok: false,
      unknown: ['toString', 'bard'],
      message:
        'personas: got "toString", "bard", expected one of: architect, critic, pragmatist, security, mine',
    });
  });
});

test('default personas go round, so that neighbours differ', () => {
  expect([0, 1, 2, 3, 4].map((index) => defaultPersonas(index)[0])).toEqual([
    ...builtInPersonas,
    'architect',
  ]);
});
