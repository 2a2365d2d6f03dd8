import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  readAdapter,
  readAdapterReply,
  replyCharactersMax,
} from '../../../domain/providers/adapter-reading.ts';

const capabilities = {
  streaming: true,
  structuredOutput: false,
  vision: false,
  systemPrompt: true,
  promptCaching: false,
};

const adapter = {
  contract: 1,
  name: 'parley',
  version: '1.0.0',
  baseUrl: 'https://parley.example/v1',
  capabilities,
  ask: () => Promise.resolve({ text: 'asked' }),
};

function faultsOf(exports: Record<string, unknown>): readonly string[] {
  const reading = readAdapter(exports);
  if (reading.ok) return [];
  return reading.faults.map(({ field, got, expected }) => `${field}: ${got}: ${expected}`);
}

describe('a module', () => {
  test('is taken that exports an adapter', () => {
    const reading = readAdapter({ adapter, more: 1 });

    expect(reading).toMatchObject({ ok: true, adapter: { name: 'parley', version: '1.0.0' } });
  });

  test('may give an adapter that is an instance of a class, and no address', async () => {
    class Parley {
      readonly contract = 1;
      readonly name = 'parley';
      readonly version = '2';
      readonly baseUrl = null;
      readonly capabilities = capabilities;
      readonly #text = 'from inside';
      ask(): Promise<unknown> {
        return Promise.resolve({ text: this.#text });
      }
    }
    const reading = readAdapter({ adapter: new Parley() });

    const asked = reading.ok ? reading.adapter.ask({} as never, {} as never) : undefined;
    expect(await asked).toEqual({ text: 'from inside' });
  });

  test('cannot change what it said of itself', () => {
    const changing = { ...adapter, capabilities: { ...capabilities } };
    const reading = readAdapter({ adapter: changing });

    changing.name = 'openai';
    changing.capabilities.vision = true;

    expect(reading).toMatchObject({
      adapter: { name: 'parley', capabilities: { vision: false } },
    });
  });

  test.each<[Record<string, unknown>, string]>([
    [{}, 'adapter: no export at all: an export of this name, an object'],
    [
      { default: adapter, other: 1 },
      'adapter: exports named default, other: an export of this name, an object',
    ],
    [{ adapter: () => adapter }, 'adapter: a function: an export of this name, an object'],
    [{ adapter: null }, 'adapter: null: an export of this name, an object'],
    [{ adapter: {} }, 'contract: nothing: 1'],
    [{ adapter: { ...adapter, contract: 2, ask: 'otherwise' } }, 'contract: 2: 1'],
    [{ adapter: { ...adapter, contract: '1' } }, 'contract: "1": 1'],
    [{ adapter: { ...adapter, name: 'openai' } }, 'name: "openai": a name that no provider has'],
    [{ adapter: { ...adapter, name: 'command' } }, 'name: "command": a name that no provider has'],
    [
      { adapter: { ...adapter, name: 'Parley|x' } },
      'name: "Parley|x": 2 to 40 of a-z, 0-9 and hyphens, beginning with a letter',
    ],
    [
      { adapter: { ...adapter, version: 1n } },
      'version: a bigint: 1 to 40 letters, digits, dots, plus and hyphens',
    ],
    [{ adapter: { ...adapter, ask: undefined } }, 'ask: nothing: a function'],
    [
      { adapter: { ...adapter, capabilities: undefined } },
      'capabilities: nothing: an object with streaming, structuredOutput, vision, systemPrompt, promptCaching',
    ],
    [
      { adapter: { ...adapter, capabilities: { ...capabilities, vision: 'yes' } } },
      'capabilities.vision: "yes": true or false',
    ],
    [
      { adapter: { ...adapter, capabilities: { ...capabilities, tools: true } } },
      'capabilities.tools: true: no such field',
    ],
  ])('is refused: %#', (exports, expected) => {
    expect(faultsOf(exports)).toEqual([expected]);
  });

  test.each([
    undefined,
    42,
    'parley.example',
    'ftp://parley.example',
    'https://me:pw@parley.example',
    'https://parley.example/?a=1',
    'https://parley.example/#a',
  ])('is refused with the address %p', (baseUrl) => {
    expect(faultsOf({ adapter: { ...adapter, baseUrl } })).toEqual([
      expect.stringMatching(/^baseUrl: .*: an http or https URL without credentials/),
    ]);
  });

  test('is told everything that is wrong with it at once', () => {
    const wrong = { contract: 1, name: 7, version: '', baseUrl: 0, capabilities: 0, ask: 0 };

    expect(faultsOf({ adapter: wrong })).toHaveLength(5);
  });
});

describe('a reply', () => {
  const good = { text: 'yes', finish: 'stop', usage: { inputTokens: 3, outputTokens: 0 } };

  test('is taken, and what it does not tell is unknown', () => {
    expect(readAdapterReply(good, 'm1')).toEqual({
      ok: true,
      reply: {
        text: 'yes',
        finish: 'stop',
        usage: { inputTokens: 3, cachedTokens: null, outputTokens: 0 },
        model: 'm1',
      },
    });
    expect(readAdapterReply({ ...good, usage: null, model: 'm1-2026' }, 'm1')).toMatchObject({
      reply: {
        usage: { inputTokens: null, cachedTokens: null, outputTokens: null },
        model: 'm1-2026',
      },
    });
  });

  test.each<[unknown, string]>([
    [undefined, 'reply: nothing: an object'],
    [null, 'reply: null: an object'],
    ['words of the prompt', 'reply: a value of type string: an object'],
    [{ ...good, text: undefined }, 'text: nothing: a text'],
    [{ ...good, text: ['yes'] }, 'text: a value of type object: a text'],
    [
      { ...good, text: 'x'.repeat(replyCharactersMax + 1) },
      'text: 4000001 characters: at most 4000000 characters',
    ],
    [{ ...good, finish: 'end_turn' }, 'finish: a value of type string: one of stop, length'],
    [{ ...good, usage: undefined }, 'usage: nothing: an object or null'],
    [{ ...good, usage: { inputTokens: -1 } }, 'usage.inputTokens: -1: a whole number from 0'],
    [{ ...good, usage: { cachedTokens: 1.5 } }, 'usage.cachedTokens: 1.5: a whole number'],
    [{ ...good, usage: { outputTokens: Number.NaN } }, 'usage.outputTokens: NaN: a whole number'],
    [{ ...good, usage: { outputTokens: '7' } }, 'usage.outputTokens: a value of type string'],
    [{ ...good, model: '' }, 'model: a value of type string: a text of 1 to 200'],
    [{ ...good, model: 'm\u0000' }, 'model: a value of type string'],
    [{ ...good, model: 'm\ud800' }, 'model: a value of type string'],
    [{ ...good, model: 'm'.repeat(201) }, 'model: a value of type string'],
    [{ ...good, model: 5 }, 'model: 5: a text of 1 to 200'],
  ])('is refused: %#', (value, expected) => {
    const reading = readAdapterReply(value, 'm1');

    const { field, got, expected: wanted } = reading.ok ? never() : reading.fault;
    expect(`${field}: ${got}: ${wanted}`).toContain(expected);
  });

  test('of any kind is either taken or refused, never an exception', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(typeof readAdapterReply(value, 'm1').ok).toBe('boolean');
      }),
    );
  });
});

function never(): never {
  throw new Error('it was expected to be refused');
}
