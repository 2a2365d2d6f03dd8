import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { commandFailureReasons } from '../../../domain/commands/command-output.ts';
import { printedJson, valueAt } from '../../../domain/commands/printed-json.ts';
import { answerCharactersMax, readCommandOutput } from '../../../domain/commands/read-output.ts';
import { sandboxStatuses } from '../../../domain/sandbox/run.ts';
import { failedWith, outputOf, printedBy } from '../../support/programs/printed.ts';

const claude = { kind: 'claude' } as const;
const text = { kind: 'text' } as const;
const answered = printedBy('claude-answer');

describe('a program that did not come to its end', () => {
  test.each([
    ['timeout', 'time-limit'],
    ['fuel', 'time-limit'],
    ['memory', 'memory-limit'],
    ['disk', 'disk-limit'],
    ['output', 'output-limit'],
    ['killed', 'cancelled'],
  ] as const)('fails by %s whatever it has printed', (status, reason) => {
    const output = outputOf(answered, { status, exitCode: null });

    expect(readCommandOutput(claude, output)).toMatchObject({ kind: 'failed', reason });
  });

  test('fails where its output was cut', () => {
    expect(readCommandOutput(claude, outputOf(answered, { isTruncated: true }))).toMatchObject({
      reason: 'output-limit',
    });
  });

  test('says why it was not run', () => {
    const output = outputOf('', { status: 'refused', reason: 'no backend is there that protects' });

    expect(readCommandOutput(claude, output)).toMatchObject({
      reason: 'refused',
      message: 'the program was not run: no backend is there that protects',
    });
  });
});

describe('a program that failed', () => {
  test('fails by its exit code though it printed an answer, and has its cost', () => {
    expect(readCommandOutput(claude, failedWith(3, { stdout: answered }))).toMatchObject({
      reason: 'exit-code',
      message: 'the program ended with the exit code 3',
      exitCode: 3,
      costMicrosUsd: 15_565,
    });
  });

  test('fails by a signal', () => {
    expect(readCommandOutput(text, failedWith(null))).toMatchObject({
      reason: 'ended-by-signal',
      exitCode: null,
    });
    // As a shell tells it: 128 and the number of the signal.
    expect(readCommandOutput(text, failedWith(139))).toMatchObject({ reason: 'ended-by-signal' });
    expect(readCommandOutput(text, failedWith(128))).toMatchObject({ reason: 'exit-code' });
  });

  test('repeats nothing of what it wrote', () => {
    const stderr = 'bad key sk-123 for prompt "What shall we do?"\n';

    expect(JSON.stringify(readCommandOutput(text, failedWith(2, { stderr })))).not.toMatch(
      /sk-123|shall/,
    );
  });
});

test('a program that talks much on standard error has not failed by it', () => {
  const stderr = 'Error: this is fine\n'.repeat(10_000);

  expect(readCommandOutput(claude, outputOf(answered, { stderr }))).toMatchObject({
    kind: 'answered',
  });
});

test('an answer without an end is none', () => {
  expect(readCommandOutput(text, outputOf('y'.repeat(answerCharactersMax + 1)))).toMatchObject({
    reason: 'output-limit',
  });
});

describe('a program that waits for a person', () => {
  test.each([
    'Do you trust this folder? [y/N] ',
    'Continue (yes/no)?',
    'Overwrite? [Y/n/a]:\n',
    'Really [n/y]',
    'Enter the passphrase: ',
    'Press any key to continue...',
    'Which account?',
  ])('asks: %j', (stderr) => {
    const output = outputOf('', { status: 'timeout', exitCode: null, stderr });

    expect(readCommandOutput(claude, output)).toMatchObject({ reason: 'asked-question' });
    expect(readCommandOutput(claude, failedWith(1, { stdout: stderr }))).toMatchObject({
      reason: 'asked-question',
      exitCode: 1,
    });
    expect(readCommandOutput(claude, outputOf(stderr))).toMatchObject({ reason: 'asked-question' });
  });

  test.each(['Why not? Nobody knows.', 'Is this it?\n', ''])('does not ask: %j', (stderr) => {
    expect(readCommandOutput(claude, failedWith(1, { stderr }))).toMatchObject({
      reason: 'exit-code',
    });
  });

  test('does not ask where it was stopped or broke off', () => {
    const asking = { stderr: 'Go on? [y/N]' };

    expect(readCommandOutput(claude, outputOf('', { ...asking, status: 'killed' }))).toMatchObject({
      reason: 'cancelled',
    });
    expect(readCommandOutput(claude, outputOf('{"type":"res', asking))).toMatchObject({
      reason: 'half-output',
    });
  });
});

describe('JSON among other lines', () => {
  test('is found on one line and on several, in lists and after a byte order mark', () => {
    const printed = '\uFEFF{"a":1}\r\nnote\n{\n  "b": 2\n}\n[\n{"c":3}, 4\n]\n5\n[1]\n';

    expect(printedJson(printed)).toEqual({
      objects: [{ a: 1 }, { b: 2 }, { c: 3 }],
      isBroken: false,
    });
  });

  test('goes on behind what looks like its beginning', () => {
    expect(printedJson('{ not this\n{"a":1}\n')).toEqual({ objects: [{ a: 1 }], isBroken: true });
    expect(printedJson('[warn] old\n{"a":1}\n')).toEqual({ objects: [{ a: 1 }], isBroken: false });
    expect(printedJson('{ not this\n}\n{"a":1}\n')).toEqual({
      objects: [{ a: 1 }],
      isBroken: true,
    });
  });

  test('is not looked for in every brace of an output of braces', () => {
    const braces = `${'{\n'.repeat(200)}{\n"a":1\n}\n`;

    expect(printedJson(braces)).toEqual({ objects: [], isBroken: true });
  });

  test('is followed by a path to a place of its own only', () => {
    expect(valueAt({ a: [{ b: 1 }] }, 'a.0.b')).toBe(1);
    expect(valueAt({ a: 1 }, 'constructor')).toBeUndefined();
    expect(valueAt({ a: null }, 'a.b')).toBeUndefined();
    expect(valueAt('text', 'length')).toBeUndefined();
  });
});

test('never throws, and gives a reason that is one of the known', () => {
  const format = fc.constantFrom<Parameters<typeof readCommandOutput>[0]>(
    { kind: 'claude' },
    { kind: 'gemini' },
    { kind: 'codex' },
    { kind: 'opencode' },
    { kind: 'text' },
    { kind: 'json', answer: 'a.b', error: 'e', costUsd: 'c' },
  );
  const seeds = ['claude-answer', 'gemini-answer', 'codex-answer', 'opencode-answer'].map(
    printedBy,
  );
  const stdout = fc.oneof(
    fc.string(),
    fc.json(),
    fc.tuple(fc.constantFrom(...seeds), fc.nat(1500)).map(([whole, end]) => whole.slice(0, end)),
  );
  const output = fc.record({
    status: fc.constantFrom(...sandboxStatuses),
    reason: fc.string(),
    exitCode: fc.option(fc.nat(255)),
    stdout,
    stderr: fc.string(),
    isTruncated: fc.boolean(),
  });

  fc.assert(
    fc.property(format, output, (as, left) => {
      const outcome = readCommandOutput(as, left);
      const isKnown = outcome.kind === 'answered' || commandFailureReasons.includes(outcome.reason);

      expect(isKnown).toBe(true);
      expect(outcome.usage.inputTokens).not.toBe(0);
      expect(outcome.costMicrosUsd).not.toBe(0);
    }),
  );
});
