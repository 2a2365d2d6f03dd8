import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import type { Grant } from '../../../domain/sandbox/run.ts';
import { pythonSnippet } from '../../support/sandbox/snippets.ts';
import { ownSandbox } from './own-sandbox.ts';
import { pythonRuns } from './python-runs.ts';
import { folderForEach, sharedSandbox } from './shared-sandbox.ts';

const mib = 1024 * 1024;

const own = sharedSandbox();
const onHost = folderForEach();

const { run, valueOf } = pythonRuns(() => own.sandbox);

describe('a snippet gives', () => {
  test.each([
    ['the value of its last expression', '1 + 1', 2],
    ['a dictionary as JSON', '{"a": [1, "zwei", None, True]}', { a: [1, 'zwei', null, true] }],
    ['what it gave to output', 'output({"kept": True})\n5', { kept: true }],
    ['the last of what it gave to output', 'output(1)\noutput(2)', 2],
    ['nothing where its last line is no expression', 'x = 5', null],
    ['nothing where its last expression is None', 'print("x")', null],
    ['text with any character', '"a\\0b ü 漢 😀 \\u2028"', 'a\u0000b ü 漢 😀 \u2028'],
    ['half of a character as an escape', '"\\ud83d"', '\ud83d'],
    [
      'what its functions make of its names',
      'x = 2\ndef f(): return x\n[f() for _ in "ab"]',
      [2, 2],
    ],
    [
      'what a thread of its own gave',
      [
        'import threading, time',
        'threading.Thread(target=lambda: (time.sleep(0.1), output("late"))).start()',
      ],
      'late',
    ],
    ['its value, and leaves by sys.exit', 'import sys\noutput(3)\nsys.exit()', 3],
    [
      'what it pickled',
      'import pickle\nclass A: pass\ntype(pickle.loads(pickle.dumps(A()))).__name__',
      'A',
    ],
  ])('%s', async (_what, code, expected) => {
    expect(await valueOf(code)).toEqual(expected);
  });

  test('its standard input, environment and seed, and files', async () => {
    const code = [
      'import os, sys',
      'open("/artifacts/file", "w").write("left")',
      'again = open("/dev/stdin").read()',
      '[input(), sys.stdin.read(), again, os.environ["KEY"], os.environ["CONCLAVE_SEED"], os.getcwd()]',
    ];

    const { value, files } = await run(code, {
      stdin: 'first\nsecond\n',
      env: { KEY: 'value' },
      seed: 'the seed',
    });

    expect(JSON.parse(value ?? '')).toEqual([
      ...['first', 'second\n', 'first\nsecond\n', 'value', 'the seed', '/work'],
    ]);
    expect(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])).toEqual([
      ['file', 'left'],
    ]);
  });

  test('large input and a large value whole', async () => {
    const stdin = 'x'.repeat(20 * mib);

    const value = await valueOf('import sys\ns = sys.stdin.read()\n[len(s), s[:900_000]]', {
      stdin,
    });

    expect(value).toEqual([stdin.length, stdin.slice(0, 900_000)]);
  });

  test('input that is no writing of its own', async () => {
    const value = await valueOf('import sys, time\ntime.sleep(0.3)\nlen(sys.stdin.read())', {
      stdin: 'x'.repeat(100_000),
      limits: { diskBytes: 65_536 },
    });

    expect(value).toBe(100_000);
  });

  test('the same with the same seed, in an interpreter of its own each time', async () => {
    const code = [
      'import random',
      '[random.random(), random.sample(range(100), 5), list({"a", "b", "c", "d", "e"}), hash("x")]',
    ];

    const [one, two, other] = await Promise.all([
      valueOf(code),
      valueOf(code),
      valueOf(code, { seed: 'another' }),
    ]);

    expect(two).toEqual(one);
    expect(other).not.toEqual(one);
  });

  test('nothing to the next one', async () => {
    await run(
      'import builtins, os\nbuiltins.left = 1\nopen("/tmp/left", "w")\nopen("/work/left", "w")',
    );

    const seen = await valueOf(
      'import os\n["left" in dir(__builtins__), os.listdir("/tmp"), os.listdir("/work")]',
    );

    expect(seen).toEqual([false, [], []]);
  });
});

describe('a snippet that fails says why and where', () => {
  test.each([
    ['an error', 'def f():\n  raise ValueError("bad")\n\nf()', 'ValueError: bad (line 2)'],
    ['a name that is not there', '\nx', "NameError: name 'x' is not defined (line 2)"],
    ['a syntax error', 'x = 1\nx = = 2', 'SyntaxError: invalid syntax (line 2, column 5)'],
    ['a wrong indentation', 'if 1:\nx', /^IndentationError: .* \(line 2, column 1\)$/],
    ['a zero byte', 'x = 1\0', /null bytes/],
    ['nesting without end', '('.repeat(100_000), /^SyntaxError: too many nested parentheses/],
    ['operators without end', '-'.repeat(200_000) + '1', /nested too deeply|too complex|recursion/],
    ['a value that is no JSON', '{1, 2}', 'TypeError: Object of type set is not JSON serializable'],
    ['a value given that is no JSON', '\noutput(object())', /^TypeError: .* \(line 2\)$/],
    ['a value that is no number', 'float("nan")', /^ValueError: Out of range float/],
    ['a value that holds itself', 'a = []\na.append(a)\na', /^ValueError: Circular reference/],
    ['a recursion without end', 'def f(): f()\nf()', /^RecursionError: .* \(line 1\)$/],
    [
      'an error that cannot be shown',
      ['class A(Exception):', '  def __str__(self): raise self', 'raise A()'].join('\n'),
      'A: <exception str() failed> (line 3)',
    ],
    ['a group of errors', 'raise ExceptionGroup("all", [ValueError(1)])', /^ExceptionGroup: all/],
    ['a word to sys.exit', 'import sys\nsys.exit("no")', 'ended with code 1'],
    ['leaving without a word', 'import os\nos._exit(0)', /^ended without telling its result/],
  ])('%s', async (_what, code, reason) => {
    const result = await run(code);

    expect(result.status).toBe('error');
    expect(result.reason).toMatch(reason);
    expect(result.value).toBeNull();
  });

  test('shows the way to it, and keeps what was printed before', async () => {
    const { stdout, stderr, exitCode } = await run('print("before")\ndef f():\n  1 / 0\nf()');

    expect({ stdout, exitCode }).toEqual({ stdout: 'before\n', exitCode: 1 });
    expect(stderr).toMatch(
      /^Traceback .*\n {2}File "snippet", line 4, in <module>\n {4}f\(\)\n {2}File "snippet", line 3, in f\n/,
    );
    expect(stderr).not.toContain('<string>');
  });

  test('tells its own exit code', async () => {
    expect(await run('import sys\nsys.exit(7)')).toMatchObject({
      status: 'error',
      exitCode: 7,
      reason: 'ended with code 7',
    });
  });
});

describe('what is granted', () => {
  const granted = (mode: Grant['mode']): Grant[] => [{ host: onHost.folder, path: '/work', mode }];

  test('is read', async () => {
    chmodSync(onHost.folder, 0o755);
    writeFileSync(join(onHost.folder, 'json.py'), 'raise SystemError("not ours")');
    writeFileSync(join(onHost.folder, 'data'), 'theirs');

    const value = await valueOf(
      'try:\n  open("/work/new", "w")\nexcept OSError as e:\n  output([open("/work/data").read(), e.strerror])',
      { grants: granted('read') },
    );

    expect(value).toEqual(['theirs', 'Read-only file system']);
  });

  test('is copied, and what changed is told', async () => {
    writeFileSync(join(onHost.folder, 'data'), 'before\n');

    const { status, diff } = await run('open("/work/data", "w").write("after\\n")', {
      grants: granted('copy'),
    });

    expect(status).toBe('ok');
    expect(diff).toContain('+after');
    expect(readFileSync(join(onHost.folder, 'data'), 'utf8')).toBe('before\n');
  });

  test('is written, by one run at a time', async () => {
    const code = 'import time\nopen("/work/data", "w").write("theirs")\ntime.sleep(0.5)';

    const results = await Promise.all([1, 2].map(() => run(code, { grants: granted('write') })));

    expect(results.map(({ status }) => status)).toEqual(['ok', 'refused']);
    expect(readFileSync(join(onHost.folder, 'data'), 'utf8')).toBe('theirs');
  });

  test('is refused where the user of the run may not enter it', async () => {
    chmodSync(onHost.folder, 0o700);

    const { status, reason } = await run('1', { grants: granted('read') });

    const isRoot = process.getuid?.() === 0;
    expect(status).toBe(isRoot ? 'refused' : 'ok');
    expect(reason).toMatch(isRoot ? /\/work: Permission denied/ : /^$/);
  });

  test('is refused with the field that is wrong', async () => {
    const { status, reason } = await run('1', {
      grants: [{ host: onHost.folder, path: '/usr/lib', mode: 'read' }],
    });

    expect(status).toBe('refused');
    expect(reason).toMatch(/^grants\[0\]\.path: got \/usr\/lib, expected/);
  });
});

describe('a run that asks for more than those that wait allow', () => {
  test('gets an interpreter of its own', async () => {
    const code = 'import resource\nresource.getrlimit(resource.RLIMIT_NOFILE)[1]';

    expect(await valueOf(code, { limits: { openFiles: 5000 } })).toBe(5000);
  });
});

describe('a run that is not possible', () => {
  test.each([
    ['a variable of no name', { env: { 'A=B': '1' } }, /^env: got the name A=B/],
    ['a zero byte in its seed', { seed: 'a\0' }, /^seed: got 2 bytes, .* none of them zero$/],
    [
      'code without end',
      { code: 'x'.repeat(mib + 1) },
      /^code: got 1048577 bytes, expected at most 1048576$/,
    ],
    ['input without end', { stdin: 'x'.repeat(64 * mib) }, /^code and stdin: got 67108865 bytes/],
  ])('for %s is refused', async (_why, given, reason) => {
    const result = await run('1', given);

    expect(result.status).toBe('refused');
    expect(result.reason).toMatch(reason);
  });

  test('for want of memory says so', async () => {
    const result = await run('len(bytearray(16 << 20))', { limits: { memoryBytes: 8 * mib } });

    expect(result).toMatchObject({ status: 'memory', value: null });
    expect(result.reason).toContain(`${8 * mib} bytes`);
  });
});

test('a closed sandbox leaves nothing behind', async () => {
  const closing = await ownSandbox();
  const running = closing.sandbox.run(pythonSnippet('import time\ntime.sleep(600)'));
  const one = await closing.sandbox.run(pythonSnippet('1'));

  await closing.sandbox.close();

  expect(one.status).toBe('ok');
  expect(await running).toMatchObject({ status: 'killed' });
  expect(readdirSync(join(closing.folder, 'slots'))).toEqual([]);
  expect(readdirSync(closing.folder)).toEqual(['slots']);
  await closing.remove();
});
