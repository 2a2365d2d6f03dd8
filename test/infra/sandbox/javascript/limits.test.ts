import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import type { Sandbox, SandboxResult } from '../../../../domain/sandbox/run.ts';
import { createJavascriptLane } from '../../../../infra/sandbox/javascript/javascript-lane.ts';
import { bareEngine } from '../../../support/sandbox/bare-engine.ts';
import { snippet, unprotected } from '../../../support/sandbox/snippets.ts';

const mib = 1024 * 1024;
/** Long enough that only a limit other than time ends a run, on a busy machine too. */
const ampleMs = 60_000;

// The engine starts within the first of them, on a machine that may be busy.
jest.setTimeout(30_000);

let lane: Sandbox;
let engines = 0;

beforeAll(() => {
  lane = createJavascriptLane({
    spawnEngine: (slots) => {
      engines += 1;
      return bareEngine(slots);
    },
    backend: unprotected,
    slots: 2,
  });
});

afterAll(() => lane.close());

const run = (code: string, limits: Parameters<typeof snippet>[1] = {}): Promise<SandboxResult> =>
  lane.run(snippet(code, limits));

describe('fuel ends', () => {
  test.each([
    ['a loop', 'for (;;);'],
    ['a loop that catches everything', 'for (;;) try { for (;;); } catch {} finally { continue; }'],
    [
      'a loop in an async function',
      'const f = async () => { for (;;); }; await f().catch(() => 1)',
    ],
    ['a loop of promises', 'const f = () => Promise.resolve().then(f); f(); await f()'],
    ['a loop of awaits', 'for (;;) await 1'],
    ['a regular expression', '/^(a|aa)+$/.test("a".repeat(60) + "b")'],
    [
      'a getter of the error it throws',
      'throw Object.defineProperty(new Error(), "message", { get() { for (;;); } })',
    ],
    ['a result that loops while it becomes JSON', '({ toJSON() { for (;;); } })'],
  ])('%s', async (_what, code) => {
    const { status, reason, fuelUsed, value } = await run(code, {
      limits: { fuel: 20, timeMs: ampleMs, processorMs: ampleMs },
    });

    expect({ status, reason, fuelUsed, value }).toEqual({
      status: 'fuel',
      reason: 'used its 20 units of fuel',
      fuelUsed: 20,
      value: null,
    });
  });

  test('nothing that stays within it', async () => {
    const { status, fuelUsed } = await run('for (let i = 0; i < 50_000; i++);', {
      limits: { fuel: 20 },
    });

    expect(status).toBe('ok');
    expect(fuelUsed).toBeGreaterThanOrEqual(10);
    expect(fuelUsed).toBeLessThanOrEqual(12);
  });
});

describe('the deadline ends what never asks for fuel', () => {
  test.each([
    ['a search', '"a".repeat(5e7).indexOf("a".repeat(2.5e7) + "b")'],
    ['powers of big numbers', 'for (;;) 3n ** 600_000n * 7n ** 300_000n'],
    ['a join', 'Array(2 ** 31).join("a")'],
  ])('%s', async (_what, code) => {
    const timeMs = 300;

    const { status, reason, durationMs, value } = await run(code, { limits: { timeMs } });

    expect({ status, reason, value }).toEqual({
      status: 'timeout',
      reason: 'ran for its 300 ms',
      value: null,
    });
    expect(durationMs).toBeGreaterThanOrEqual(timeMs);
  });

  test('and keeps what was printed until then', async () => {
    const { status, stdout } = await run('console.log("here"); Array(2 ** 31).join("a")', {
      limits: { timeMs: 500 },
    });

    expect({ status, stdout }).toEqual({ status: 'timeout', stdout: 'here\n' });
  });

  test('also by the limit of processor time', async () => {
    const { status } = await run('Array(2 ** 31).join("a")', { limits: { processorMs: 200 } });

    expect(status).toBe('timeout');
  });
});

describe('memory ends', () => {
  const limits = { memoryBytes: 16 * mib, timeMs: ampleMs, processorMs: ampleMs };

  test.each([
    ['a list without end', 'const a = []; for (;;) a.push({})'],
    ['a list that no one lets go', 'globalThis.a = []; for (;;) a.push({})'],
    ['a list of lists', 'let a = []; for (;;) a = [a, a.slice()]'],
    ['big buffers', 'const a = []; for (;;) a.push(new Uint8Array(1e6))'],
    ['one buffer', 'new ArrayBuffer(1e9)'],
    ['long text', 'const a = []; for (;;) a.push("x".repeat(1e6) + a.length)'],
    ['a JSON that multiplies', 'const a = "x".repeat(1e6); const b = Array(100).fill(a); [b, b]'],
    ['a fire of promises', 'for (;;) Promise.resolve().then(() => 1)'],
  ])('%s', async (_what, code) => {
    const result = await run(code, { limits });

    expect(result.status).toBe('memory');
    expect(result.reason).toBe(`used its ${limits.memoryBytes} bytes of memory`);
    expect(result.peakMemoryBytes).toBeLessThanOrEqual(limits.memoryBytes);
  });

  test('a standard input that does not fit', async () => {
    const result = await run('1', { limits, stdin: 'x'.repeat(20 * mib) });

    expect(result.status).toBe('memory');
  });

  test('nothing that stays within it, and its peak is told', async () => {
    const { status, peakMemoryBytes } = await run('new Uint8Array(8e6).length', { limits });

    expect(status).toBe('ok');
    expect(peakMemoryBytes).toBeGreaterThan(8e6);
    expect(peakMemoryBytes).toBeLessThanOrEqual(limits.memoryBytes);
  });
});

describe('output ends', () => {
  test('a flood, with what had room', async () => {
    const result = await run('for (;;) console.log("x".repeat(99))', {
      limits: { outputBytes: 1050 },
    });

    expect(result.status).toBe('output');
    expect(result.reason).toBe('printed more than 1050 bytes');
    expect(result.isTruncated).toBe(true);
    expect(result.stdout).toBe(`${'x'.repeat(99)}\n`.repeat(10) + 'x'.repeat(50));
  });

  test('a flood that catches everything', async () => {
    const { status } = await run('for (;;) try { console.error("x".repeat(1e6)) } catch {}');

    expect(status).toBe('output');
  });

  test('both streams together', async () => {
    const { status, stdout, stderr } = await run('console.log("123"); console.error("456789")', {
      limits: { outputBytes: 8 },
    });

    expect({ status, stdout, stderr }).toEqual({
      status: 'output',
      stdout: '123\n',
      stderr: '4567',
    });
  });

  test('before a character that would be cut in two', async () => {
    const { stdout } = await run('console.log("aü")', { limits: { outputBytes: 2 } });

    expect(stdout).toBe('a');
  });

  test('a result that is too long', async () => {
    const { status, reason, value } = await run('"x".repeat(100_000)', {
      limits: { outputBytes: 0 },
    });

    expect({ status, reason, value }).toEqual({
      status: 'output',
      reason: 'gave a result of more than 65536 bytes',
      value: null,
    });
  });
});

describe('the stack', () => {
  test.each([
    ['of functions', 'const f = () => f() + 1; f()'],
    ['of getters', 'const o = { get a() { return this.a } }; o.a'],
    ['of proxies', 'let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x'],
    ['of nested JSON that is read', 'JSON.parse("[".repeat(1e6))'],
    ['of evaluated text', 'eval("(".repeat(1e5))'],
    ['of the snippet itself', `${'('.repeat(1e5)}1${')'.repeat(1e5)}`],
    ['of its types', `let a: ${'['.repeat(1e5)}${']'.repeat(1e5)}`],
  ])('%s ends in an error, and the engine lives on', async (_what, code) => {
    const before = await run('1');

    const { status, reason } = await run(code);

    expect(before.status).toBe('ok');
    expect(status).toBe('error');
    expect(reason).toMatch(/Maximum call stack size exceeded|nested too deeply/);
    expect((await run('1')).status).toBe('ok');
    expect(engines).toBe(1);
  });

  test('that overflows can be caught', async () => {
    const { value } = await run(
      'let n = 0; const f = () => { n++; f(); }; try { f() } catch {} n > 100',
    );

    expect(value).toBe('true');
  });
});
