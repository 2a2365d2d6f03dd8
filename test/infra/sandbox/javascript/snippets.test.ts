import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import type { Sandbox, SandboxResult, SnippetRun } from '../../../../domain/sandbox/run.ts';
import { createJavascriptLane } from '../../../../infra/sandbox/javascript/javascript-lane.ts';
import { bareEngine } from '../../../support/sandbox/bare-engine.ts';
import { snippet, unprotected } from '../../../support/sandbox/snippets.ts';

// The engine starts within the first of them, on a machine that may be busy.
jest.setTimeout(30_000);

let lane: Sandbox;

beforeAll(() => {
  lane = createJavascriptLane({ spawnEngine: bareEngine, backend: unprotected, slots: 2 });
});

afterAll(() => lane.close());

const run = (code: string, given?: Parameters<typeof snippet>[1]): Promise<SandboxResult> =>
  lane.run(snippet(code, given));

/** The value, parsed; a run that did not end well fails the test with its reason. */
async function valueOf(
  code: string,
  given?: Partial<Omit<SnippetRun, 'limits'>>,
): Promise<unknown> {
  const { status, reason, value } = await run(code, given);
  expect({ status, reason }).toEqual({ status: 'ok', reason: '' });
  return value === null ? null : (JSON.parse(value) as unknown);
}

describe('a snippet gives', () => {
  test.each([
    ['the value of its last statement', '1 + 1', 2],
    ['an object as JSON', '({ a: [1, "zwei", null] })', { a: [1, 'zwei', null] }],
    ['what it awaited at its top', 'const x = await Promise.resolve(20); x * 2', 40],
    ['what its last promise comes to', 'const main = async () => "done"; main()', 'done'],
    ['what it gave to output', 'output({ kept: true }); 5', { kept: true }],
    ['the last of what it gave to output', 'output(1); output(2);', 2],
    ['a number from TypeScript', 'const x: number = 3; x satisfies number', 3],
    ['what a generic call makes of it', '[1, 2].reduce<number>((a, b) => a + b, 0)', 3],
    ['the value of an enum', 'enum Size { Small = 4 } Size.Small', 4],
    ['nothing where its last statement has no value', 'const x = 5', null],
    ['nothing for a function', '() => 1', null],
  ])('%s', async (_what, code, expected) => {
    expect(await valueOf(code)).toEqual(expected);
  });

  test('text with any character unchanged', async () => {
    const text = 'a\u0000b ü 漢 😀 \u2028';

    expect(await valueOf('input', { stdin: text })).toBe(text);
  });

  test('a text of several pieces whole, with characters of two units at their borders', async () => {
    const value = await valueOf('"x" + "😀".repeat(40_000)');

    expect(value).toBe(`x${'😀'.repeat(40_000)}`);
  });

  test('its standard input as the global input', async () => {
    expect(await valueOf('JSON.parse(input).n + 1', { stdin: '{"n": 41}' })).toBe(42);
  });
});

describe('the console', () => {
  test('writes lines to standard output and standard error', async () => {
    const { stdout, stderr } = await run(
      'console.log("a", 1, { b: [2n > 1] }, null, undefined); console.error("broken"); console.info(5n)',
    );

    expect({ stdout, stderr }).toEqual({
      stdout: 'a 1 {"b":[true]} null undefined\n5n\n',
      stderr: 'broken\n',
    });
  });

  test('shows what cannot be JSON by a name', async () => {
    const { stdout } = await run(
      'const a = []; a[0] = a; console.log(a, () => 1, Symbol("s"), new TypeError("no"))',
    );

    expect(stdout).toBe('[Array] [Function without name] Symbol(s) TypeError: no\n');
  });
});

describe('a snippet that fails says why and where', () => {
  test.each([
    ['a thrown error', '\n  throw new TypeError("bad");', 'TypeError: bad (line 2, column 13)'],
    ['an error after an await', 'await 1;\nnull.x', /^TypeError: .*null.* \(line 2, column 1\)$/],
    [
      'an error behind types',
      'const a: string = "";\na.b.c',
      /^TypeError: .* \(line 2, column 1\)$/,
    ],
    [
      'an error behind an enum',
      'enum A { B, C }\n\nnull.x',
      /^TypeError: .* \(line 3, column \d+\)$/,
    ],
    ['a thrown text', 'throw "just so"', 'threw just so'],
    ['a thrown object', 'throw { code: 7 }', 'threw {"code":7}'],
    [
      'a syntax error',
      'let a: number =\n  ][;',
      'SyntaxError: Expression expected (line 2, column 3)',
    ],
    ['a return at the top', 'return 5', /^SyntaxError: Return .* \(line 1, column 1\)$/],
    ['a result that is no JSON', '5n', /^TypeError: .*BigInt/i],
    ['a result that holds itself', 'const a = {}; a.a = a; a', /^TypeError: circular reference/],
    ['an import', 'await import("fs")', /could not load module/],
    ['a promise without end', 'await new Promise(() => {})', /waits for a promise/],
    ['a recursion without end', 'const f = () => f() + 1; f()', /^RangeError: Maximum call stack/],
  ])('%s', async (_what, code, reason) => {
    const result = await run(code);

    expect(result.status).toBe('error');
    expect(result.reason).toMatch(reason);
    expect(result.value).toBeNull();
  });

  test('keeps what was printed before', async () => {
    const { status, stdout } = await run('console.log("before"); throw new Error("after")');

    expect({ status, stdout }).toEqual({ status: 'error', stdout: 'before\n' });
  });
});
