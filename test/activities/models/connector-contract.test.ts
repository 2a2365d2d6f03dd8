import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createConnector } from '../../../activities/models/connector.ts';
import type {
  ModelConnector,
  ModelRequest,
  ProviderName,
} from '../../../domain/providers/model-connector.ts';
import { agentAt, faultOf, panelPaths, startPanel } from '../../support/providers.ts';
import type { TestPanel } from '../../support/providers.ts';

const SCHEMA = {
  name: 'position',
  jsonSchema: {
    type: 'object',
    properties: { answer: { type: 'string', enum: ['yes', 'no'] }, abstain: { type: 'boolean' } },
    required: ['answer', 'abstain'],
    additionalProperties: false,
  },
};
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const CANCEL_WITHIN_MS = 1000;

/** What differs between providers for good reasons. */
interface ContractTraits {
  /** Whether the wire format has a word for a refusal. */
  readonly knowsRefusal: boolean;
  /** Whether it says how many tokens were cached. */
  readonly countsCached: boolean;
  /** Whether it always says what was used. */
  readonly alwaysCounts: boolean;
}

const usual = { knowsRefusal: true, countsCached: true, alwaysCounts: false };

const providers: readonly (readonly [ProviderName, ContractTraits])[] = [
  ['anthropic', { ...usual, alwaysCounts: true }],
  ['openai', usual],
  ['google', usual],
  ['mistral', usual],
  ['xai', usual],
  ['ollama', { ...usual, knowsRefusal: false, countsCached: false }],
  ['openai-compatible', usual],
];

/** What every model connector has to do, whatever provider it speaks to, over real HTTP. */
describe.each(providers)('the %s connector', (provider, traits) => {
  let panel: TestPanel;

  beforeAll(async () => {
    panel = await startPanel();
  });

  afterAll(async () => {
    await panel.close();
  });

  const connector = (model = 'sim-tested', chunkMs = 5000): ModelConnector =>
    createConnector(agentAt(panel.url + panelPaths[provider], { provider, model }), {
      secret: () => 'secret-of-the-test',
      allowedHosts: () => true,
      timeouts: { totalMs: 10_000, chunkMs },
    });

  test('gives the text, the finish and the model of a plain reply', async () => {
    const reply = await connector().ask(request());

    expect(reply.text).toMatch(/^\[simulated\] sim-tested has read \d+ characters and 0 images/);
    expect(reply).toMatchObject({ finish: 'stop', model: 'sim-tested' });
  });

  test('streams the reply piece by piece', async () => {
    const pieces: string[] = [];

    const reply = await connector().ask(request({ onText: (text) => pieces.push(text) }));

    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toBe(reply.text);
  });

  test('has a reply follow the schema', async () => {
    const reply = await connector().ask(request({ schema: SCHEMA }));

    expect(JSON.parse(reply.text)).toEqual({
      answer: expect.stringMatching(/^(yes|no)$/) as unknown,
      abstain: false,
    });
  });

  test('puts the schema into the prompt of a model without structured output', async () => {
    const plain = createConnector(
      agentAt(panel.url + panelPaths[provider], {
        provider,
        capabilities: { structuredOutput: false },
      }),
      deps(),
    );

    const reply = await plain.ask(request({ schema: SCHEMA }));

    expect(JSON.parse(reply.text)).toMatchObject({ abstain: false });
  });

  test('sends images', async () => {
    const image = { kind: 'image', mediaType: 'image/png', base64: PIXEL, stable: true } as const;

    const reply = await connector().ask(request({ parts: [...request().parts, image] }));

    expect(reply.text).toContain('1 images');
  });

  test('sends the system prompt apart from the text', async () => {
    const alone = await connector('sim-apart').ask(request({ system: '' }));
    const both = await connector('sim-apart').ask(request({ system: 'Be short. '.repeat(40) }));

    expect(both.text).toBe(alone.text);
    expect(both.usage.inputTokens).toBe((alone.usage.inputTokens ?? 0) + 100);
  });

  test('counts tokens, and those of a repeated beginning as cached', async () => {
    const parts = [{ kind: 'text', text: 'a long beginning '.repeat(100), stable: true } as const];
    await connector().ask(request({ parts }));

    const { usage } = await connector().ask(request({ parts }));

    expect(usage.inputTokens).toBeGreaterThan(400);
    expect(usage.outputTokens).toBeGreaterThan(0);
    expect(usage.cachedTokens).toBe(traits.countsCached ? 384 : null);
  });

  test('says of usage that was not reported that it is unknown', async () => {
    const { usage } = await connector('sim-no-usage').ask(request());

    const zero = { inputTokens: 0, cachedTokens: null, outputTokens: 0 };
    const unknown = { inputTokens: null, cachedTokens: null, outputTokens: null };
    expect(usage).toEqual(traits.alwaysCounts ? zero : unknown);
  });

  test('names a cut-off, and a refusal where the provider has a word for it', async () => {
    const cutOff = await connector('sim-cutoff').ask(request());
    const refusal = await connector('sim-refusal').ask(request());

    expect(cutOff.finish).toBe('length');
    expect(refusal.finish).toBe(traits.knowsRefusal ? 'refusal' : 'stop');
  });

  test.each([
    [429, 'rate-limited', 'retry-after', 100],
    [529, 'overloaded', 'retry-after', 100],
    [500, 'server-error', 'retry-after', 100],
    [408, 'timeout', 'retry-after', 100],
    [401, 'unauthorised', 'never', null],
    [404, 'not-found', 'never', null],
    [400, 'bad-request', 'never', null],
  ])('sorts status %i into %s, %s', async (status, code, disposition, retryAfterMs) => {
    const fault = await faultOf(connector(`sim-${String(status)}`).ask(request()));

    expect(fault).toMatchObject({ status, code, disposition, retryAfterMs });
  });

  test('makes one call and no retry', async () => {
    await faultOf(connector('sim-once-500').ask(request()));

    const calls = (await panel.calls()).filter(({ model }) => model === 'sim-once-500');

    expect(calls).toMatchObject([{ calls: 1, failed: 1 }]);
  });

  test('calls a connection that breaks in the middle unreachable', async () => {
    const fault = await faultOf(connector('sim-disconnect').ask(request()));

    expect(fault).toMatchObject({ code: 'unreachable', disposition: 'retry-now' });
  });

  test('never retries what is not the provider’s format', async () => {
    const fault = await faultOf(connector('sim-garbage').ask(request()));

    expect(fault).toMatchObject({ code: 'malformed', disposition: 'never' });
  });

  test.each(['sim-hang', 'sim-stall'])('gives up on silence: %s', async (model) => {
    const fault = await faultOf(connector(model, 100).ask(request()));

    expect(fault).toMatchObject({ code: 'timeout', disposition: 'retry-now' });
  });

  test('stops at once when it is cancelled in the middle, at the provider’s side too', async () => {
    const controller = new AbortController();
    const asked = connector('sim-cancelled-stall').ask(request({ signal: controller.signal }));
    const fault = faultOf(asked);
    await until(async () => (await panel.calls()).some(isCancelled));
    const start = performance.now();

    controller.abort();

    expect(await fault).toMatchObject({ code: 'cancelled', disposition: 'never' });
    expect(performance.now() - start).toBeLessThan(CANCEL_WITHIN_MS);
    await until(async () => (await panel.calls()).find(isCancelled)?.aborted === 1);
  });

  test('does not call at all when it is cancelled before', async () => {
    const model = 'sim-too-late';

    const fault = await faultOf(connector(model).ask(request({ signal: AbortSignal.abort() })));

    expect(fault.code).toBe('cancelled');
    expect((await panel.calls()).map((call) => call.model)).not.toContain(model);
  });

  test('finds a provider healthy that answers, and failing one that does not', async () => {
    const nobody = createConnector(agentAt('http://127.0.0.1:9/v1', { provider }), deps());

    expect(await connector().probe(AbortSignal.timeout(2000))).toMatchObject({ status: 'ok' });
    expect(await nobody.probe(AbortSignal.timeout(2000))).toMatchObject({ status: 'failing' });
  });

  test('keeps prompt and key out of its faults', async () => {
    const secret = 'words of the prompt';
    const parts = [{ kind: 'text', text: secret, stable: true } as const];

    const faults = await Promise.all(
      ['sim-500', 'sim-garbage', 'sim-disconnect', 'sim-401'].map((model) =>
        faultOf(connector(model).ask(request({ parts }))),
      ),
    );

    expect(JSON.stringify(faults)).not.toMatch(/words of the prompt|secret-of-the-test/);
  });
});

const deps = (): Parameters<typeof createConnector>[1] => ({
  secret: () => 'secret-of-the-test',
  allowedHosts: () => true,
  timeouts: { totalMs: 10_000, chunkMs: 5000 },
});

function request(fields: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: 'You answer.',
    parts: [
      { kind: 'text', text: 'What is it?', stable: true },
      { kind: 'text', text: 'Say.', stable: false },
    ],
    schema: null,
    maxOutputTokens: 500,
    signal: new AbortController().signal,
    ...fields,
  };
}

function isCancelled({ model }: { readonly model: string }): boolean {
  return model === 'sim-cancelled-stall';
}

/** Looks until something holds; the test's own time limit ends it. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}
