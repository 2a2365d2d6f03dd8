import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { createCallsUnderWay } from '../../activities/calls-under-way.ts';
import { createLiveText, type LiveText } from '../../activities/live-text.ts';
import { createMaterials } from '../../activities/materials.ts';
import type { MaterialRef } from '../../domain/ledger/event.ts';

const megabyte = 1024 * 1024;

describe('calls under way', () => {
  const call = { collaborationId: 'c_1', turn: 'proposal-1-s1' };
  const unstopped = new AbortController().signal;

  test('are stopped by name, and no others with them', () => {
    const calls = createCallsUnderWay();
    const first = calls.start(call, unstopped);
    const second = calls.start({ ...call, turn: 'proposal-1-s2' }, unstopped);
    const elsewhere = calls.start({ ...call, collaborationId: 'c_2' }, unstopped);

    calls.stop('c_1', ['proposal-1-s1', 'proposal-1-s9']);

    expect([first, second, elsewhere].map(({ signal }) => signal.aborted)).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('stop with the signal that they were started with', () => {
    const controller = new AbortController();
    const { signal } = createCallsUnderWay().start(call, controller.signal);

    controller.abort();

    expect(signal.aborted).toBe(true);
  });

  test('that have ended are left alone', () => {
    const calls = createCallsUnderWay();
    const { signal, end } = calls.start(call, unstopped);

    end();
    calls.stop('c_1', [call.turn]);

    expect(signal.aborted).toBe(false);
  });

  test('stay known when an earlier call of the same turn ends late', () => {
    const calls = createCallsUnderWay();
    const early = calls.start(call, unstopped);
    const late = calls.start(call, unstopped);

    early.end();
    calls.stop('c_1', [call.turn]);

    expect(late.signal.aborted).toBe(true);
  });
});

describe('materials', () => {
  const material = (name: string, mediaType = 'text/plain'): MaterialRef => ({
    name,
    mediaType,
    bytes: 1,
    sha256: name.padEnd(64, '0'),
  });

  /** An artifact store whose reads are counted. */
  function store(bytes: number) {
    const reads: string[] = [];
    const materials = createMaterials({
      get: (tenantId, sha256) => {
        reads.push(`${tenantId} ${sha256.slice(0, 2)}`);
        return Promise.resolve(new Uint8Array(bytes).fill(0x61));
      },
    });
    return { materials, reads };
  }

  test('are read once, since every seat of a pass reads the same', async () => {
    const { materials, reads } = store(3);

    await materials.sourcesOf('one', [material('a1')]);
    const sources = await materials.sourcesOf('one', [material('a1')]);

    expect(sources).toEqual([{ kind: 'text', name: 'a1', text: 'aaa' }]);
    expect(reads).toEqual(['one a1']);
  });

  test('of one tenant never come from what another has read', async () => {
    const { materials, reads } = store(3);

    await materials.sourcesOf('one', [material('a1')]);
    await materials.sourcesOf('two', [material('a1')]);

    expect(reads).toEqual(['one a1', 'two a1']);
  });

  test('that are images come in base64', async () => {
    const { materials } = store(3);

    expect(await materials.sourcesOf('one', [material('a1', 'image/png')])).toEqual([
      { kind: 'image', name: 'a1', mediaType: 'image/png', base64: 'YWFh' },
    ]);
  });

  test('beyond 64 MB push out what was read first', async () => {
    const { materials, reads } = store(30 * megabyte);

    for (const name of ['a1', 'b2', 'c3', 'c3', 'b2', 'a1']) {
      await materials.sourcesOf('one', [material(name)]);
    }

    expect(reads).toEqual(['one a1', 'one b2', 'one c3', 'one a1']);
  });

  test('read twice at a time count once', async () => {
    const { materials, reads } = store(30 * megabyte);

    await materials.sourcesOf('one', [material('a1'), material('a1')]);
    await materials.sourcesOf('one', [material('b2')]);
    await materials.sourcesOf('one', [material('a1')]);

    expect(reads).toEqual(['one a1', 'one a1', 'one b2']);
  });
});

describe('live text', () => {
  const turn = { tenantId: 'one', collaborationId: 'c_1', turn: 'proposal-1-s1' };
  let published: { readonly to: string; readonly text: string; readonly seat: string }[];
  let faults: unknown[];
  let isAway: boolean;
  let watch: (payload: string) => void;
  let live: LiveText;

  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    published = [];
    faults = [];
    isAway = false;
    live = createLiveText({
      watchInterest: (onInterest) => {
        watch = onInterest;
      },
      publish: (tenantId, stream, payload) => {
        if (isAway) return Promise.reject(new Error('away'));
        const { text, seat } = JSON.parse(payload) as { text: string; seat: string };
        published.push({ to: `${tenantId} ${stream}`, text, seat });
        return Promise.resolve();
      },
      now: Date.now,
      onFault: (error) => {
        faults.push(error);
      },
    });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  test('goes nowhere while nobody watches', () => {
    watch('one c_2');
    watch('two c_1');

    expect(live.liveTextOf(turn)).toBeUndefined();
  });

  test('is forgotten when interest is not renewed for 12 s', () => {
    watch('one c_1');

    jest.advanceTimersByTime(11_999);
    const before = live.liveTextOf(turn);
    jest.advanceTimersByTime(1);

    expect(before).toBeInstanceOf(Function);
    expect(live.liveTextOf(turn)).toBeUndefined();
  });

  test('is gathered for 60 ms, so that a token is not a message', () => {
    watch('one c_1');
    const write = live.liveTextOf(turn);

    write?.('Post');
    write?.('gres');
    jest.advanceTimersByTime(59);
    const early = [...published];
    jest.advanceTimersByTime(1);
    write?.(' fits');
    jest.advanceTimersByTime(60);

    expect(early).toEqual([]);
    expect(published).toEqual([
      { to: 'one c_1', seat: 's1', text: 'Postgres' },
      { to: 'one c_1', seat: 's1', text: ' fits' },
    ]);
  });

  test('is cut into messages that the channel takes', () => {
    watch('one c_1');

    live.liveTextOf(turn)?.('語'.repeat(3100));
    jest.runAllTimers();

    expect(published.map(({ text }) => text.length)).toEqual([1500, 1500, 100]);
  });

  test('that cannot be sent is told of and lost', async () => {
    watch('one c_1');
    isAway = true;

    live.liveTextOf(turn)?.('lost');
    await jest.runAllTimersAsync();

    expect(faults).toEqual([new Error('away')]);
  });

  test('starts over when ten thousand runs were watched', () => {
    watch('one c_1');
    for (let index = 0; index < 10_000; index += 1) watch(`one other-${String(index)}`);

    expect(live.liveTextOf(turn)).toBeUndefined();
  });
});
