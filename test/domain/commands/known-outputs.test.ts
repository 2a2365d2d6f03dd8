import { describe, expect, test } from '@jest/globals';

import { readCommandOutput } from '../../../domain/commands/read-output.ts';
import type { OutputFormat } from '../../../domain/commands/output-format.ts';
import { unknownUsage } from '../../../domain/providers/usage.ts';
import { failedWith, outputOf, printedBy } from '../../support/programs/printed.ts';

const answer = '{"answer":"yes"}';
const read = (kind: 'claude' | 'gemini' | 'codex' | 'opencode', stdout: string): unknown =>
  readCommandOutput({ kind }, outputOf(stdout));
const claude = (fields: object): string =>
  JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: 'yes', ...fields });

test.each(['claude', 'gemini', 'codex', 'opencode'] as const)(
  'finds the answer of %s between warnings',
  (kind) => {
    const stdout = `warning: old\n[WARN] {odd}\n${printedBy(`${kind}-answer`)}\ndone\n`;

    expect(read(kind, stdout)).toMatchObject({ kind: 'answered', text: answer, finish: 'stop' });
  },
);

test.each(['claude', 'codex', 'opencode'] as const)(
  'takes the end of half a line of %s for half',
  (kind) => {
    const whole = printedBy(`${kind}-answer`);

    expect(read(kind, whole.slice(0, -30))).toMatchObject({
      kind: 'failed',
      reason: 'half-output',
    });
  },
);

test.each(['claude', 'gemini', 'codex', 'opencode'] as const)(
  'tells nothing from something else of %s',
  (kind) => {
    expect(read(kind, ' \n')).toMatchObject({ reason: 'no-output' });
    expect(read(kind, 'All is well.\n')).toMatchObject({ reason: 'unreadable-output' });
  },
);

test.each(['claude', 'codex', 'opencode'] as const)(
  'gives the HTTP status that %s was answered',
  (kind) => {
    const output = failedWith(1, { stdout: printedBy(`${kind}-error`) });

    expect(readCommandOutput({ kind }, output)).toMatchObject({
      kind: 'failed',
      reason: 'reported-error',
      httpStatus: 401,
      exitCode: 1,
      usage: unknownUsage,
      costMicrosUsd: null,
    });
  },
);

describe('claude', () => {
  test('counts cached and written tokens as input, of all its models', () => {
    expect(read('claude', printedBy('claude-answer'))).toMatchObject({
      usage: { inputTokens: 3143, cachedTokens: 100, outputTokens: 16 },
      costMicrosUsd: 15_565,
      model: 'sim-tested',
    });
  });

  test('counts its usage where it names no models', () => {
    const usage = { input_tokens: 5, cache_read_input_tokens: 2, output_tokens: 3 };

    expect(read('claude', claude({ usage, total_cost_usd: 0.5 }))).toMatchObject({
      usage: { inputTokens: 7, cachedTokens: 2, outputTokens: 3 },
      costMicrosUsd: 500_000,
      model: null,
    });
  });

  test('leaves unknown what it does not say, and a cost of nothing', () => {
    expect(read('claude', claude({ total_cost_usd: 0 }))).toMatchObject({
      kind: 'answered',
      usage: unknownUsage,
      costMicrosUsd: null,
    });
  });

  test('names no model where there are several', () => {
    const modelUsage = { a: { inputTokens: 1 }, b: { inputTokens: 2 } };

    expect(read('claude', claude({ modelUsage }))).toMatchObject({
      model: null,
      usage: unknownUsage,
    });
  });

  test('gives a refusal as an answer, though it ends with an exit code', () => {
    const output = failedWith(1, { stdout: printedBy('claude-refusal') });

    expect(readCommandOutput({ kind: 'claude' }, output)).toMatchObject({
      kind: 'answered',
      finish: 'refusal',
      costMicrosUsd: 15_395,
    });
  });

  test('says that an answer was cut', () => {
    expect(read('claude', claude({ stop_reason: 'max_tokens' }))).toMatchObject({
      finish: 'length',
    });
  });

  test.each([
    ['an error', claude({ is_error: true })],
    ['no word on errors', claude({ is_error: undefined })],
  ])('fails with %s', (_name, stdout) => {
    expect(read('claude', stdout)).toMatchObject({ reason: 'reported-error', isPassing: false });
  });

  test('fails with a subtype that is an error, and names it', () => {
    const stdout = claude({ subtype: 'error_max_turns', result: undefined });

    expect(read('claude', stdout)).toMatchObject({
      reason: 'reported-error',
      message: 'the program says that it failed (error_max_turns)',
    });
  });

  test('hears from its words that a failure may pass, and does not repeat them', () => {
    const result = 'API Error: Connection refused for key sk-secret';
    const outcome = read('claude', claude({ is_error: true, result }));

    expect(outcome).toMatchObject({ isPassing: true, message: 'the program says that it failed' });
  });

  test.each([' ', 7])('has no answer in %j', (result) => {
    expect(read('claude', claude({ result }))).toMatchObject({ reason: 'no-answer' });
  });

  test('finds the result at the end of a list of events', () => {
    const stdout = `[{"type":"system"},${claude({})},7]`;

    expect(read('claude', stdout)).toMatchObject({ text: 'yes' });
  });
});

describe('gemini', () => {
  test('counts thoughts as output', () => {
    expect(read('gemini', printedBy('gemini-answer'))).toMatchObject({
      usage: { inputTokens: 7696, cachedTokens: 100, outputTokens: 35 },
      costMicrosUsd: null,
      model: 'sim-tested',
    });
  });

  test('finds its error on standard error, behind warnings and stacks', () => {
    const output = failedWith(145, { stderr: printedBy('gemini-error') });

    expect(readCommandOutput({ kind: 'gemini' }, output)).toMatchObject({
      reason: 'reported-error',
      httpStatus: 401,
      exitCode: 145,
    });
  });

  test('takes no number of its own for a status', () => {
    const stderr =
      '{\n"error": {"type": "FatalAuthenticationError", "message": "no", "code": 41}\n}\n';

    expect(readCommandOutput({ kind: 'gemini' }, failedWith(41, { stderr }))).toMatchObject({
      reason: 'reported-error',
      message: 'the program says that it failed (FatalAuthenticationError)',
      httpStatus: null,
    });
  });

  test('finds an error on standard output', () => {
    const stdout = '{"response": "half", "error": {"type": "Error", "code": 503}}';

    expect(read('gemini', stdout)).toMatchObject({ reason: 'reported-error', httpStatus: 503 });
    expect(read('gemini', '{"error":{"code":500}}')).toMatchObject({ httpStatus: 500 });
  });

  test('leaves unknown what it does not say', () => {
    const models = { a: { tokens: { prompt: 0, candidates: 0 } }, b: {} };
    const stdout = JSON.stringify({ response: 'yes', error: null, stats: { models } });

    expect(read('gemini', stdout)).toMatchObject({ usage: unknownUsage, model: null });
    expect(read('gemini', '{"response": "yes"}')).toMatchObject({ usage: unknownUsage });
  });

  test.each(['{"response": " "}', '{"response": null}'])('has no answer in %s', (stdout) => {
    expect(read('gemini', stdout)).toMatchObject({ reason: 'no-answer' });
  });

  test('takes an object that never ends for half', () => {
    expect(read('gemini', printedBy('gemini-answer').slice(0, 400))).toMatchObject({
      reason: 'half-output',
    });
  });
});

describe('codex', () => {
  test('takes the last message for the answer and a warning for none', () => {
    expect(read('codex', printedBy('codex-answer'))).toMatchObject({
      text: answer,
      usage: { inputTokens: 4999, cachedTokens: 0, outputTokens: 15 },
      costMicrosUsd: null,
      model: null,
    });
  });

  test('fails by an error after which no turn ends', () => {
    const stdout = '{"type":"error","message":"We see high demand"}\n';

    expect(read('codex', stdout)).toMatchObject({ reason: 'reported-error', isPassing: true });
    expect(read('codex', '{"type":"turn.failed"}')).toMatchObject({
      reason: 'reported-error',
      httpStatus: null,
      isPassing: false,
    });
  });

  test('goes on over an error that it got over by itself', () => {
    const stdout = `{"type":"error","message":"Reconnecting"}\n${printedBy('codex-answer')}`;

    expect(read('codex', stdout)).toMatchObject({ text: answer });
  });

  test.each(['', '{"type":"item.completed","item":{"type":"agent_message","text":" "}}\n'])(
    'has no answer in a turn with %j',
    (item) => {
      expect(read('codex', `${item}{"type":"turn.completed"}`)).toMatchObject({
        reason: 'no-answer',
        usage: unknownUsage,
      });
    },
  );
});

describe('opencode', () => {
  test('answers with its last message and adds up all its steps', () => {
    expect(read('opencode', printedBy('opencode-answer'))).toMatchObject({
      text: answer,
      usage: { inputTokens: 4888, cachedTokens: 2300, outputTokens: 35 },
      costMicrosUsd: 3463,
    });
  });

  test.each([
    ['length', 'length'],
    ['content-filter', 'refusal'],
  ])('says why it stopped: %s', (reason, finish) => {
    const stdout = printedBy('opencode-answer').replace('"stop"', `"${reason}"`);

    expect(read('opencode', stdout)).toMatchObject({ kind: 'answered', finish });
  });

  test('leaves unknown what it does not say', () => {
    const stdout = '{"type":"text","part":{"text":"yes"}}\n{"type":"step_finish","part":{}}';

    expect(read('opencode', stdout)).toMatchObject({
      text: 'yes',
      usage: unknownUsage,
      costMicrosUsd: null,
    });
  });

  test('takes a step that never finished for half', () => {
    const lines = printedBy('opencode-answer').split('\n');

    expect(read('opencode', lines.slice(0, 5).join('\n'))).toMatchObject({ reason: 'half-output' });
  });

  test('has no answer in a last step without text', () => {
    const stdout =
      '{"type":"text","part":{"messageID":"m1","text":"I look"}}\n{"type":"step_finish","part":{"messageID":"m2"}}';

    expect(read('opencode', stdout)).toMatchObject({ reason: 'no-answer' });
  });
});

describe('a described program', () => {
  const format: OutputFormat = {
    kind: 'json',
    answer: 'message.content',
    error: 'error',
    model: 'model',
    inputTokens: 'tokens.in',
    cachedTokens: 'tokens.cached',
    outputTokens: 'tokens.out',
    costUsd: 'usd',
  };
  const described = (stdout: string, as: OutputFormat = format): unknown =>
    readCommandOutput(as, outputOf(stdout));

  test('has everything where its description says', () => {
    expect(described(`hello\n${printedBy('json-answer')}`)).toEqual({
      kind: 'answered',
      text: answer,
      finish: 'stop',
      model: 'own-1',
      usage: { inputTokens: 12, cachedTokens: 2, outputTokens: 3 },
      costMicrosUsd: 2,
    });
  });

  test('has nothing but an answer where no more is described', () => {
    expect(
      described('{"a":["no","yes"],"model":""}', { kind: 'json', answer: 'a.1', model: 'model' }),
    ).toEqual({
      kind: 'answered',
      text: 'yes',
      finish: 'stop',
      model: null,
      usage: unknownUsage,
      costMicrosUsd: null,
    });
  });

  test('gives an answer that is an object as JSON', () => {
    expect(described('{"message":{"content":{"answer":"yes"}}}')).toMatchObject({ text: answer });
  });

  test.each(['"no_credit"', 'true', '{"code":1}'])('fails with the error %s', (error) => {
    expect(described(`{"error":${error}}`)).toMatchObject({ reason: 'reported-error' });
  });

  test.each(['null', 'false', '""'])('does not fail with the error %s', (error) => {
    expect(described(`{"message":{"content":"yes"},"error":${error}}`)).toMatchObject({
      text: 'yes',
    });
  });

  test.each(['7', '""', 'null'])('has no answer in %s', (content) => {
    expect(described(`{"message":{"content":${content}}}`)).toMatchObject({ reason: 'no-answer' });
  });

  test('prints something else', () => {
    expect(described('{"other":1}')).toMatchObject({ reason: 'unreadable-output' });
    expect(described('')).toMatchObject({ reason: 'no-output' });
  });
});

describe('plain text', () => {
  test('is the answer, without colours, other control bytes and what was written over', () => {
    const stdout =
      '\u001b]0;title\u0007\u001b[1;32mworking 10%\rworking 100%\r\u001b[0mYes,\tit\u0000 is.\r\nReally.\u001b[K\n\n';

    expect(readCommandOutput({ kind: 'text' }, outputOf(stdout))).toMatchObject({
      kind: 'answered',
      text: 'Yes,\tit is.\nReally.',
      usage: unknownUsage,
      model: null,
    });
  });

  test('is missing where only control bytes came', () => {
    expect(readCommandOutput({ kind: 'text' }, outputOf('\u001b[0m\n'))).toMatchObject({
      reason: 'no-output',
    });
  });
});
