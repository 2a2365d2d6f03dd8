/** Where a guest's text goes. */
export const guestChannels = { stdout: 0, stderr: 1, value: 2 } as const;

/** Longest piece that crosses at a time, in UTF-16 units: the host never holds more of a guest's text at once. */
const pieceLength = 16_384;

/** Longest name, message and stack of an error that cross. */
const errorTextLength = 4000;

/**
 * Runs inside the guest before the snippet: makes its globals and gives the host the functions by which a run
 * begins and ends. It takes what it needs of the built-ins beforehand, since the snippet may change them. Whatever a
 * snippet does with these functions, it can only falsify its own result.
 *
 * Host functions: `send(channel, text)` answers false when there is no more room, upon which the guest
 * burns fuel until it is stopped; `fail(name, message, stack)`.
 */
export const guestPrelude = `(function (send, fail) {
  'use strict';
  const { apply } = Reflect;
  const { stringify } = JSON;
  const { slice, charCodeAt } = String.prototype;
  const { toString } = Function.prototype;
  const { isArray } = Array;
  const text = String;
  const AnyError = Error;
  const { defineProperty } = Object;

  const sendAll = (channel, whole) => {
    let from = 0;
    while (from < whole.length) {
      let to = from + ${String(pieceLength)};
      if (to < whole.length) {
        const last = apply(charCodeAt, whole, [to - 1]);
        if (last >= 0xd800 && last <= 0xdbff) to -= 1;
      }
      if (!send(channel, apply(slice, whole, [from, to]))) for (;;);
      from = to;
    }
  };

  const shown = (value) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'bigint') return text(value) + 'n';
    if (typeof value === 'function') return '[Function ' + (value.name || 'without name') + ']';
    if (typeof value !== 'object' || value === null) return text(value);
    if (value instanceof AnyError) return value.name + ': ' + value.message;
    try {
      return stringify(value) ?? text(value);
    } catch {
      return isArray(value) ? '[Array]' : '[Object]';
    }
  };

  const printer = (channel) => (...values) => {
    let line = '';
    for (let at = 0; at < values.length; at++) line += (at === 0 ? '' : ' ') + shown(values[at]);
    sendAll(channel, line + '\\n');
  };

  const print = printer(${String(guestChannels.stdout)});
  const printError = printer(${String(guestChannels.stderr)});
  const console = {
    log: print,
    info: print,
    debug: print,
    dir: print,
    table: print,
    warn: printError,
    error: printError,
    trace: printError,
    assert: (truth, ...values) => {
      if (!truth) printError('Assertion failed', ...values);
    },
  };

  let given;
  let isGiven = false;
  const output = (value) => {
    given = stringify(value);
    isGiven = true;
  };

  const add = (name, value) =>
    defineProperty(globalThis, name, {
      __proto__: null,
      value,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  add('console', console);
  add('output', output);

  const cut = (read) => {
    try {
      const value = read();
      return value === undefined ? '' : apply(slice, text(value), [0, ${String(errorTextLength)}]);
    } catch {
      return '';
    }
  };

  return {
    __proto__: null,
    begin: (input) => add('input', input),
    finish: async (completion) => {
      const last = await completion;
      const result = isGiven ? given : stringify(last);
      if (result !== undefined) sendAll(${String(guestChannels.value)}, result);
    },
    describe: (thrown) => {
      if (thrown instanceof AnyError) {
        fail(cut(() => thrown.name), cut(() => thrown.message), cut(() => thrown.stack));
      } else {
        fail('', cut(() => shown(thrown)), '');
      }
    },
  };
})`;
