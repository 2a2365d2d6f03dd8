import { describe, expect, test } from '@jest/globals';

import { Turnstile } from '../../../infra/sandbox/turnstile.ts';

const never = new AbortController().signal;

describe('a turnstile', () => {
  test('lets in as many as it has places, and the next ones in their order', async () => {
    const turnstile = new Turnstile(1, 10);
    const order: string[] = [];
    await turnstile.enter(never);
    const waiting = ['a', 'b'].map((name) => turnstile.enter(never).then(() => order.push(name)));

    turnstile.leave();
    turnstile.leave();

    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b']);
  });

  test('gives the place of one that went away to the next', async () => {
    const turnstile = new Turnstile(1, 10);
    const abort = new AbortController();
    await turnstile.enter(never);
    const gone = turnstile.enter(abort.signal);
    const next = turnstile.enter(never);

    abort.abort();
    turnstile.leave();

    expect(await gone).toBe(false);
    expect(await next).toBe(true);
  });

  test('keeps a place that was given before the signal came', async () => {
    const turnstile = new Turnstile(1, 10);
    const abort = new AbortController();
    await turnstile.enter(never);
    const entered = turnstile.enter(abort.signal);

    turnstile.leave();
    abort.abort();

    expect(await entered).toBe(true);
  });

  test('refuses one more than may wait', async () => {
    const turnstile = new Turnstile(1, 1);
    await turnstile.enter(never);
    const waiting = turnstile.enter(never);

    await expect(turnstile.enter(never)).rejects.toThrow('waiting runs: got 2, expected at most 1');
    turnstile.leave();
    expect(await waiting).toBe(true);
  });
});
