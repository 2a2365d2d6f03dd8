import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';

import { isGone } from '../../../infra/sandbox/process-tree.ts';
import { processesNamed } from '../../support/sandbox/processes.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { pythonRuns } from './python-runs.ts';
import { processesInside } from './slot-processes.ts';
import { cancelledOnceBegun, folderForEach, sharedSandbox } from './shared-sandbox.ts';

const mib = 1024 * 1024;

const own = sharedSandbox();

const { run, valueOf } = pythonRuns(() => own.sandbox);

describe('a limit ends', () => {
  test.each([
    ['a loop', 'while True: pass', { timeMs: 500 }, 'timeout'],
    [
      'a loop that catches everything',
      'while True:\n  try:\n    while True: pass\n  except BaseException: pass',
      { timeMs: 500 },
      'timeout',
    ],
    ['a loop in a built-in', 'sum(range(10**15))', { timeMs: 500 }, 'timeout'],
    ['a power', '7 ** 7 ** 12', { timeMs: 500 }, 'timeout'],
    ['a search', 'import re\nre.match("(a|aa)+$", "a" * 60 + "b")', { timeMs: 500 }, 'timeout'],
    [
      'a result that loops while it becomes JSON',
      'class A(dict):\n  def items(self):\n    while True: pass\noutput(A(a=1))',
      { timeMs: 500 },
      'timeout',
    ],
    [
      'a loop when Python ends',
      'import atexit\ndef f():\n  while True: pass\natexit.register(f)\nNone',
      { timeMs: 500 },
      'timeout',
    ],
    [
      'processor time of many',
      'import os\nos.fork()\nos.fork()\nwhile True: pass',
      { timeMs: 60_000, processorMs: 500 },
      'timeout',
    ],
    [
      'a list without end',
      'a = []\nwhile True: a.append(bytearray(1 << 20))',
      { memoryBytes: 64 * mib },
      'memory',
    ],
    [
      'memory of many',
      'import os, time\nfor _ in range(8):\n  if os.fork() == 0:\n    a = bytearray(20 << 20); time.sleep(60)\ntime.sleep(60)',
      { memoryBytes: 96 * mib },
      'memory',
    ],
    ['memory asked for at once', 'bytearray(10 ** 15)', {}, 'memory'],
    [
      'memory that a file takes',
      'f = open("/tmp/a", "wb")\nwhile True: f.write(bytes(1 << 20))',
      { diskBytes: 16 * mib },
      'disk',
    ],
    [
      'files in the work folder',
      'import time\nfor i in range(40): open(str(i), "wb").write(bytes(1 << 20))\ntime.sleep(60)',
      { diskBytes: 16 * mib },
      'disk',
    ],
    ['output', 'while True: print("x" * 99)', { outputBytes: 10_000 }, 'output'],
    [
      'output of programs that it starts',
      'import subprocess\nsubprocess.run(["/usr/bin/yes"])',
      { outputBytes: 10_000 },
      'output',
    ],
    ['a value that is too long', '"x" * 2_000_000', {}, 'output'],
  ] as const)('%s', async (_what, code, limits, status) => {
    const result = await run(code, { limits });

    expect(result).toMatchObject({ status, value: null });
    expect(result.reason).not.toBe('');
  });

  test('a fork bomb as errors of its own', async () => {
    const code = [
      'import os, time',
      'count = 0',
      'for _ in range(200):',
      '  try:',
      '    if os.fork() == 0: time.sleep(60); os._exit(0)',
      '    count += 1',
      '  except OSError: break',
      'count',
    ];

    const count = await valueOf(code, { limits: { processes: 20 } });

    expect(count).toBeGreaterThan(5);
    expect(count).toBeLessThanOrEqual(20);
  });

  test('open files as errors of its own', async () => {
    const { reason } = await run('a = [open("/dev/null") for _ in range(200)]', {
      limits: { openFiles: 50 },
    });

    expect(reason).toMatch(/^OSError: .*Too many open files/);
  });

  test('a recursion that crashes Python, and the next run works', async () => {
    const crash = 'import ctypes\nctypes.string_at(0)';

    expect(await run(crash)).toMatchObject({ status: 'error', exitCode: 139 });
    expect(await valueOf('1')).toBe(1);
  });
});

describe('the channel of its result', () => {
  test.each([
    ['with noise', 'os.write(3, b"x" * 100_000)', /^gave no result that can be read/],
    [
      'with a message without end',
      'os.write(3, b"\\x02\\0\\0\\0\\xff\\xff\\xff\\x7f{}")',
      /^gave no result/,
    ],
    [
      'with another end than its own, twice',
      'm = b"{\\"kind\\":\\"ended\\"}"\nos.write(3, len(m).to_bytes(4, "little") + bytes(4) + m)\nos._exit(0)',
      /^gave no result/,
    ],
    ['by closing it', 'os.close(3)\n5', /^ended without telling its result/],
    ['by closing everything', 'os.closerange(0, 100)', /^ended without telling its result/],
  ])('can be spoilt %s, which spoils only its own', async (_how, code, reason) => {
    const result = await run(`import os\n${code}`);

    expect(result.status).toBe('error');
    expect(result.reason).toMatch(reason);
    expect(await valueOf('1')).toBe(1);
  });

  test('can be used to lie about its own value, and about nothing else', async () => {
    const header = '{"kind":"ended","fault":null,"hasValue":true}';
    const code = [
      'import os',
      `h = b'${header}'`,
      'os.write(3, len(h).to_bytes(4, "little") + (4).to_bytes(4, "little") + h + b"1234")',
    ];

    expect(await run([...code, 'os._exit(0)'])).toMatchObject({ status: 'ok', value: '1234' });
    expect(await run([...code, 'os._exit(9)'])).toMatchObject({ status: 'error', value: null });
    expect(await run([...code, 'while True: pass'], { limits: { timeMs: 500 } })).toMatchObject({
      status: 'timeout',
      value: null,
    });
  });

  test('flooded, blocks the snippet until its time is up', async () => {
    const { status } = await run(
      'import os\nwhile True: os.write(3, b"\\x02\\0\\0\\0\\0\\0\\0\\0{}")',
      {
        limits: { timeMs: 500 },
      },
    );

    expect(status).toBe('timeout');
  });

  test('is not handed on to programs that it starts', async () => {
    const listed = await valueOf([
      'import subprocess',
      'subprocess.run(["/bin/ls", "/proc/self/fd"], capture_output=True, text=True, close_fds=False).stdout.split()',
    ]);

    expect(listed).toEqual(['0', '1', '2', '3']); // the fourth is the listing's own
  });

  test('is not standard output', async () => {
    const { value, stdout } = await run('print(\'{"kind":"ended"}\')\n1');

    expect({ value, stdout }).toEqual({ value: '1', stdout: '{"kind":"ended"}\n' });
  });
});

describe('cancelling', () => {
  const onHost = folderForEach();

  test('ends a run long before its time, with what it printed so far', async () => {
    const code = [
      'import signal, time',
      'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
      'print("begun", flush=True)',
      'open("/begun/now", "w").close()',
      'while True: time.sleep(1)',
    ];
    const result = await cancelledOnceBegun(onHost.folder, async (grants, signal) => {
      return await run(code, { grants, limits: { timeMs: 600_000 } }, signal);
    });

    expect(result).toMatchObject({ status: 'killed', exitCode: null, stdout: 'begun\n' });
  });

  test('keeps a run from beginning', async () => {
    expect(await run('1', {}, AbortSignal.abort())).toMatchObject({ status: 'killed' });
  });
});

describe('many', () => {
  test('at once each have their own result', async () => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => run(`${String(index)} * 2`)),
    );

    expect(results.map(({ value }) => Number(value))).toEqual(
      Array.from({ length: 50 }, (_, index) => index * 2),
    );
  });

  test('have users of their own on the host', async () => {
    const words = ['one', 'two'].map((name) => `${name}-${String(process.pid)}-python`);
    const canceller = new AbortController();
    const runs = words.map((word) =>
      run(`import os\nos.execv("/bin/sleep", ["${word}", "60"])`, {}, canceller.signal),
    );
    const users = await untilSeen(
      async () => await Promise.resolve(words.map(userOf)),
      (seen) => !seen.includes(undefined),
    );
    canceller.abort();
    await Promise.all(runs);

    const isRoot = process.getuid?.() === 0;
    expect(new Set(users).size).toBe(isRoot ? 2 : 1);
    expect(words.map(userOf)).toEqual([undefined, undefined]);
  });
});

/** Whether a process is in a call of the system on its descriptor 3, by which an interpreter is given its snippet. */
function waitsForItsSnippet(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/syscall`, 'utf8').split(' ')[1] === '0x3';
  } catch {
    return false; // it has ended
  }
}

describe('an interpreter that waits', () => {
  test('and is killed is replaced', async () => {
    await valueOf('1');
    const waiting = (): number[] =>
      processesInside(own.folder, '/usr/bin/python3').filter(waitsForItsSnippet);
    const before = await untilSeen(
      async () => await Promise.resolve(waiting()),
      (seen) => seen.length > 0,
    );
    for (const pid of before) process.kill(pid, 'SIGKILL');
    // Only then are their channels closed; the lane hears of it in the next turn.
    await untilSeen(async () => await Promise.resolve(before.every(isGone)), Boolean);
    await nextTurn();
    await untilSeen(
      async () => await Promise.resolve(waiting()),
      (seen) => seen.length > 0,
    );

    const results = await Promise.all([1, 2, 3, 4, 5].map((number) => run(String(number))));

    expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'ok'));
  });
});

describe('without cgroups', () => {
  const bare = sharedSandbox({ cgroups: { mode: 'none', parents: [] } });

  test.each([
    ['what it may', '[1]', {}, 'ok'],
    [
      'a list without end',
      'import time\na = []\nwhile True: a.append(bytearray(1 << 20)); time.sleep(0.001)',
      { memoryBytes: 64 * mib },
      'memory',
    ],
    ['memory at once', 'bytearray(1 << 30)', { memoryBytes: 64 * mib }, 'memory'],
    ['a fork bomb', 'import os\nwhile True: os.fork()', { processes: 20, timeMs: 5000 }, 'error'],
  ] as const)('%s ends as it does with them', async (_what, code, limits, status) => {
    const result = await pythonRuns(() => bare.sandbox).run(code, { limits });

    expect(result.status).toBe(status);
  });
});

function userOf(word: string): number | undefined {
  return processesNamed(word)[0]?.uid;
}
