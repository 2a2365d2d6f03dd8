import { PassThrough } from 'node:stream';

import { afterEach, describe, expect, jest, test } from '@jest/globals';

import type { Sandbox, SandboxResult } from '../../../../domain/sandbox/run.ts';
import type { EngineProcess } from '../../../../infra/sandbox/javascript/engine-process.ts';
import { encodeFrame } from '../../../../infra/sandbox/javascript/frame.ts';
import { createJavascriptLane } from '../../../../infra/sandbox/javascript/javascript-lane.ts';
import { bareEngine } from '../../../support/sandbox/bare-engine.ts';
import type { BareEngine } from '../../../support/sandbox/bare-engine.ts';
import { snippet, unprotected } from '../../../support/sandbox/snippets.ts';

const endless = 'Array(2 ** 31).join("a")';
const second = 1000;

// Engines that start one after the other, on a machine that may be busy.
jest.setTimeout(30 * second);

const engines: BareEngine[] = [];
let lane: Sandbox;

/** A lane with a real engine that has served a run already. */
async function warmLane(slots: number): Promise<BareEngine> {
  lane = createJavascriptLane({
    spawnEngine: (count) => {
      const engine = bareEngine(count);
      engines.push(engine);
      return engine;
    },
    backend: unprotected,
    slots,
  });
  await lane.run(snippet('1'));
  const engine = engines[0];
  if (engine === undefined) throw new Error('no engine was started');
  return engine;
}

/** Starts runs and lets them come as far as the engine. */
async function sent(
  runs: readonly [code: string, signal?: AbortSignal][],
): Promise<Promise<SandboxResult>[]> {
  const results = runs.map(([code, signal]) => lane.run(snippet(code), signal));
  await new Promise((resolve) => setImmediate(resolve));
  return results;
}

afterEach(async () => {
  await lane.close();
  engines.length = 0;
});

describe('an engine that is killed', () => {
  test('ends its runs as killed, and the next run works', async () => {
    const engine = await warmLane(2);
    const runs = await sent([[endless], [endless]]);

    process.kill(engine.pid, 'SIGKILL');

    for (const { status, reason } of await Promise.all(runs)) {
      expect({ status, reason }).toEqual({
        status: 'killed',
        reason: 'the engine ended: SIGKILL',
      });
    }
    expect((await lane.run(snippet('2'))).value).toBe('2');
    expect(engines.length).toBe(2);
  });

  test('while nothing runs is replaced', async () => {
    const engine = await warmLane(1);

    process.kill(engine.pid, 'SIGKILL');
    await engine.ended;

    expect((await lane.run(snippet('2'))).value).toBe('2');
  });
});

describe('an engine that does not answer', () => {
  test('is ended after the deadline and a grace, and the next run works', async () => {
    const engine = await warmLane(1);
    process.kill(engine.pid, 'SIGSTOP');

    const { status, reason } = await lane.run(snippet('1', { limits: { timeMs: 100 } }));

    expect(status).toBe('timeout');
    expect(reason).toBe('the engine did not answer within 1600 ms');
    expect(await engine.ended).toBe('SIGKILL');
    expect((await lane.run(snippet('2'))).value).toBe('2');
  });

  test('is ended when it does not end a cancelled run', async () => {
    const engine = await warmLane(1);
    process.kill(engine.pid, 'SIGSTOP');
    const abort = new AbortController();
    const [run] = await sent([[endless, abort.signal]]);

    abort.abort();

    expect(await run).toMatchObject({
      status: 'killed',
      reason: 'the engine did not end a cancelled run within 500 ms',
    });
    expect(await engine.ended).toBe('SIGKILL');
  });
});

describe('a signal', () => {
  test('ends a run within a second, and leaves the others', async () => {
    await warmLane(2);
    const abort = new AbortController();
    const runs = await sent([[endless, abort.signal], ['"other"']]);
    const startedAt = performance.now();

    abort.abort();

    const ended = await runs[0];
    expect(performance.now() - startedAt).toBeLessThan(second);
    expect(ended).toMatchObject({ status: 'killed', reason: 'cancelled', value: null });
    expect(await runs[1]).toMatchObject({ status: 'ok', value: '"other"' });
    expect(engines.length).toBe(1);
  });

  test('ends a run that waits for its turn', async () => {
    await warmLane(1);
    const [first, second] = [new AbortController(), new AbortController()];
    const [running] = await sent([[endless, first.signal]]);
    const waiting = lane.run(snippet('2'), second.signal);

    second.abort();

    expect(await waiting).toMatchObject({ status: 'killed', reason: 'cancelled before it ran' });
    first.abort();
    await running;
    expect((await lane.run(snippet('3'))).value).toBe('3');
  });

  test('that came before the run lets it not begin', async () => {
    await warmLane(1);

    const result = await lane.run(snippet('1'), AbortSignal.abort());

    expect(result).toMatchObject({ status: 'killed', reason: 'cancelled before it ran' });
  });
});

describe('closing', () => {
  test('ends what runs and the engine, and may be done twice', async () => {
    const engine = await warmLane(1);
    const [running] = await sent([[endless]]);
    const waiting = lane.run(snippet('1'));

    await Promise.all([lane.close(), lane.close()]);

    expect(await running).toMatchObject({ status: 'killed', reason: 'the sandbox was closed' });
    expect((await waiting).status).toBe('killed');
    expect(await engine.ended).toBe('SIGKILL');
    expect((await lane.run(snippet('1'))).status).toBe('killed');
    expect(engines.length).toBe(1);
  });

  test('of the host ends the engine', async () => {
    const engine = await warmLane(1);

    engine.input.end();

    expect(await engine.ended).toBe('exit code 0');
  });
});

/** An engine that says the given pieces as soon as it is asked for a run. */
function talkingEngine(say: readonly Uint8Array[]): EngineProcess {
  const { promise, resolve } = Promise.withResolvers<string>();
  const input = new PassThrough();
  const output = new PassThrough();
  for (const piece of encodeFrame({ kind: 'ready' }, [])) output.write(piece);
  input.once('data', () => {
    for (const piece of say) output.write(piece);
  });
  return {
    input,
    output,
    ended: promise,
    kill: () => {
      resolve('killed');
    },
  };
}

const reply = {
  kind: 'reply',
  id: 1,
  status: 'ok',
  reason: '',
  fuelUsed: 1,
  peakMemoryBytes: null,
  isTruncated: false,
  stdoutBytes: 0,
  stderrBytes: 0,
  valueBytes: 1,
};
const one = Buffer.from('1');

describe('an engine is ended that sends', () => {
  test.each<[string, readonly Uint8Array[]]>([
    ['a header that is too long', [Buffer.from('ffffffff00000000', 'hex')]],
    ['a body that is too long', [Buffer.from('02000000ffffffff', 'hex')]],
    ['a header that is no JSON', [Buffer.from('0200000000000000', 'hex'), Buffer.from('{{')]],
    ['another kind of message', encodeFrame({ kind: 'hello' }, [])],
    ['that it is ready, again', encodeFrame({ kind: 'ready' }, [])],
    ['a field too many', encodeFrame({ ...reply, extra: 1 }, [one])],
    ['a field too few', encodeFrame({ ...reply, isTruncated: undefined }, [one])],
    ['a status that does not exist', encodeFrame({ ...reply, status: 'great' }, [one])],
    ['a reason that is too long', encodeFrame({ ...reply, reason: 'x'.repeat(2001) }, [one])],
    ['a negative length', encodeFrame({ ...reply, stdoutBytes: -1, stderrBytes: 1 }, [one])],
    ['a reply to a run that is not there', encodeFrame({ ...reply, id: 2 }, [one])],
    ['parts that do not add up', encodeFrame(reply, [one, one])],
    ['more output than allowed', encodeFrame({ ...reply, stdoutBytes: 101 }, [Buffer.alloc(102)])],
  ])('%s', async (_what, say) => {
    const engine = talkingEngine(say);
    lane = createJavascriptLane({ spawnEngine: () => engine, backend: unprotected });

    const result = await lane.run(snippet('1', { limits: { outputBytes: 100 } }));

    expect(result.status).toBe('killed');
    expect(result.reason).toMatch(/^the engine said what it may not: ./);
    expect(await engine.ended).toBe('killed');
  });

  test('but not one that answers well', async () => {
    const engine = talkingEngine(encodeFrame(reply, [one]));
    lane = createJavascriptLane({ spawnEngine: () => engine, backend: unprotected });

    expect(await lane.run(snippet('1'))).toMatchObject({ status: 'ok', value: '1', reason: '' });
  });
});

describe('an engine that does not start', () => {
  test('is a fault of the lane, with the reason', async () => {
    lane = createJavascriptLane({
      spawnEngine: () => ({
        ...talkingEngine([]),
        output: new PassThrough(),
        ended: Promise.resolve('exit code 1'),
      }),
      backend: unprotected,
    });

    await expect(lane.run(snippet('1'))).rejects.toThrow(
      'JavaScript engine does not start: the engine ended: exit code 1',
    );
  });

  test('takes no place from the next run', async () => {
    let attempts = 0;
    lane = createJavascriptLane({
      spawnEngine: (slots) => {
        attempts += 1;
        if (attempts === 1) throw new Error('no bwrap');
        return bareEngine(slots);
      },
      backend: unprotected,
      slots: 1,
    });

    await expect(lane.run(snippet('1'))).rejects.toThrow('no bwrap');

    expect((await lane.run(snippet('1'))).value).toBe('1');
  });
});

describe('refused without an engine', () => {
  const refusing = (): Sandbox => {
    lane = createJavascriptLane({
      spawnEngine: () => {
        throw new Error('started');
      },
      backend: unprotected,
    });
    return lane;
  };

  test.each([
    ['another lane', { lane: 'python' as const }, 'lane: got python, expected javascript'],
    [
      'a grant',
      { grants: [{ host: '/a', path: '/b', mode: 'read' as const }] },
      'grants: got 1, expected none: a JavaScript snippet reads no files',
    ],
    [
      'a variable',
      { env: { A: '1' } },
      'env: got 1 variables, expected none: a JavaScript snippet has no environment',
    ],
    [
      'too much',
      { stdin: 'x'.repeat(64 * 1024 * 1024) },
      'code and stdin: got 67108865 bytes, expected at most 67108864',
    ],
  ])('is %s', async (_what, given, reason) => {
    const result = await refusing().run(snippet('1', given));

    expect({ status: result.status, reason: result.reason }).toEqual({ status: 'refused', reason });
  });
});
