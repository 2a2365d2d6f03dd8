import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createConnector } from '../../../activities/models/connector.ts';
import type {
  ModelConnector,
  ModelRequest,
  ProviderName,
} from '../../../domain/providers/model-connector.ts';
import { agentAt, faultOf } from '../../support/providers.ts';

/**
 * Where somebody else's idea of the wire formats is served, and what it says of 18 tokens: a check on our own panel.
 * It speaks neither Mistral's nor xAI's own, and counts nothing for Ollama.
 */
const foreign: readonly (readonly [ProviderName, string, number | null, number | null])[] = [
  ['anthropic', '/v1', 11, 7],
  ['openai', '/v1', 11, 7],
  ['google', '/v1beta', 11, 7],
  ['ollama', '/api', null, null],
  ['openai-compatible', '/v1', 11, 7],
];

const ANSWER = { answer: 'yes', rationale: 'because' };
const usage = {
  prompt_tokens: 11,
  completion_tokens: 7,
  total_tokens: 18,
  input_tokens: 11,
  output_tokens: 7,
  promptTokenCount: 11,
  candidatesTokenCount: 7,
  totalTokenCount: 18,
};

describe.each(foreign)(
  'against a foreign %s server, a connector',
  (provider, path, inputTokens, outputTokens) => {
    const mock = new LLMock({ port: 0, host: '127.0.0.1' });
    let connector: ModelConnector;

    beforeAll(async () => {
      mock.onMessage('plain', { content: 'Hello from afar.', usage });
      mock.onMessage('structured', { content: JSON.stringify(ANSWER), usage });
      mock.onMessage('limited', { error: { message: 'slow down' }, status: 429, retryAfter: 3 });
      mock.onMessage('overloaded', { error: { message: 'busy' }, status: 529 });
      mock.onMessage(
        'torn',
        { content: 'x'.repeat(400) },
        { chunkSize: 10, truncateAfterChunks: 3 },
      );
      await mock.start();
      connector = createConnector(agentAt(mock.url + path, { provider, model: 'a-model' }), {
        secret: () => 'key',
        allowedHosts: () => true,
        timeouts: { totalMs: 5000, chunkMs: 5000 },
      });
    });

    afterAll(async () => {
      await mock.stop();
    });

    test('reads a plain reply and what it used', async () => {
      const reply = await connector.ask(request('plain'));

      expect(reply).toMatchObject({ text: 'Hello from afar.', finish: 'stop' });
      expect(reply.usage).toMatchObject({ inputTokens, outputTokens });
    });

    test('reads a structured reply', async () => {
      const schema = {
        name: 'position',
        jsonSchema: {
          type: 'object',
          properties: { answer: { type: 'string' }, rationale: { type: 'string' } },
          required: ['answer', 'rationale'],
          additionalProperties: false,
        },
      };

      const reply = await connector.ask({ ...request('structured'), schema });

      expect(JSON.parse(reply.text)).toEqual(ANSWER);
    });

    test('sorts its failures', async () => {
      expect(await faultOf(connector.ask(request('limited')))).toMatchObject({
        code: 'rate-limited',
        retryAfterMs: 3000,
      });
      expect(await faultOf(connector.ask(request('overloaded')))).toMatchObject({
        code: 'overloaded',
        disposition: 'retry-after',
      });
    });

    test('calls a torn stream unreachable', async () => {
      expect(await faultOf(connector.ask(request('torn')))).toMatchObject({ code: 'unreachable' });
    });
  },
);

function request(text: string): ModelRequest {
  return {
    system: 'You answer.',
    parts: [{ kind: 'text', text, stable: false }],
    schema: null,
    maxOutputTokens: 100,
    signal: new AbortController().signal,
  };
}
