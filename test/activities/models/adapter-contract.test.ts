import { describe, expect, test } from '@jest/globals';

import { adapterCases } from '../../../activities/models/adapter-contract.ts';
import { adapter as parley } from '../../../docs/examples/own-adapter/parley.ts';
import { parleyWire } from '../../../docs/examples/own-adapter/parley-provider.ts';
import type { Adapter, AdapterCall, AdapterReply } from '../../../domain/providers/adapter.ts';

type Asked = (reply: AdapterReply, call: AdapterCall) => AdapterReply;

/** Parley, but for what is done otherwise. */
function parleyBut(changes: Partial<Adapter>): Adapter {
  return { ...parley, ...changes };
}

/** Parley, whose replies are changed. */
function replying(change: Asked): Adapter {
  return parleyBut({
    ask: async (request, call) => change(await parley.ask(request, call), call),
  });
}

/** Parley on a call of which something is changed. */
function calling(change: (call: AdapterCall) => Partial<AdapterCall>): Adapter {
  return parleyBut({
    ask: (request, call) => parley.ask(request, { ...call, ...change(call) }),
  });
}

/** Plays one case with an adapter. */
async function play(title: string, adapter: Adapter): Promise<void> {
  const cases = adapterCases({ adapter, wire: parleyWire });
  await cases.find((one) => one.title === title)?.run();
}

describe('the contract for adapters', () => {
  test.each<[string, Adapter, string]>([
    ['has a name of ours', parleyBut({ name: 'openai' }), 'is an adapter that a worker would load'],
    [
      'goes around our fetch',
      calling(() => ({ fetch: (url, init) => fetch(url, init) })),
      'calls no host that is not allowed',
    ],
    [
      'does not stream',
      calling(() => ({ onText: () => undefined })),
      'streams the reply piece by piece',
    ],
    [
      'streams twice',
      calling(({ onText }) => ({
        onText: (piece) => {
          onText(piece);
          onText(piece);
        },
      })),
      'streams the reply piece by piece',
    ],
    [
      'makes an unknown count 0',
      replying((reply) => ({
        ...reply,
        usage: { inputTokens: 0, outputTokens: 0, ...reply.usage, cachedTokens: 0 },
      })),
      'says of usage that was not reported that it is unknown',
    ],
    [
      'takes a cut-off for a whole reply',
      replying((reply) => ({ ...reply, finish: 'stop' })),
      'names a cut-off, and a refusal where the provider has a word for it',
    ],
    [
      'hides every failure',
      calling(({ fail }) => ({ fail: () => fail({ code: 'unknown' }) })),
      'sorts status 429 into rate-limited, retry-after',
    ],
    [
      'forgets the system prompt',
      parleyBut({ ask: (request, call) => parley.ask({ ...request, system: '' }, call) }),
      'sends the system prompt apart from the text',
    ],
    [
      'forgets the schema',
      parleyBut({ ask: (request, call) => parley.ask({ ...request, schema: null }, call) }),
      'has a reply follow the schema',
    ],
    [
      'forgets images',
      parleyBut({
        ask: (request, call) => {
          const parts = request.parts.filter(({ kind }) => kind === 'text');
          return parley.ask({ ...request, parts }, call);
        },
      }),
      'sends images',
    ],
    [
      'retries by itself',
      parleyBut({
        ask: (request, call) => parley.ask(request, call).catch(() => parley.ask(request, call)),
      }),
      'makes one call and no retry',
    ],
  ])('finds an adapter that %s', async (_what, adapter, title) => {
    await expect(play(title, parley)).resolves.toBeUndefined();
    await expect(play(title, adapter)).rejects.toThrow();
  });

  test('leaves out what an adapter does not claim', () => {
    const capabilities = { ...parley.capabilities, streaming: false, vision: false };
    const cases = adapterCases({ adapter: parleyBut({ capabilities }), wire: parleyWire });

    const titles = cases.map(({ title }) => title);
    expect(titles).not.toContain('streams the reply piece by piece');
    expect(titles).not.toContain('sends images');
    expect(titles).toContain('refuses an image before the call where vision is not declared');
  });
});
