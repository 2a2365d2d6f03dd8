import { expect, test } from '@jest/globals';

import { createPrinter } from '../../../clients/cli/print.ts';
import { jsonLine, pretty, printable, safeJson } from '../../../clients/cli/printable.ts';

/** Clears the screen, rings, writes over the line, and the same sequence by its one-character form. */
const steering = 'a\u001b[2Jb\u0007c\rd\u009b2Je\u007ff';
const shown = 'a\uFFFD[2Jb\uFFFDc\uFFFDd\uFFFD2Je\uFFFDf';

test('ends of lines of any system, tabs and letters of all languages stay as they are', () => {
  const text = 'line\n\tzweite Zeile\r\n三行目, \u{1F600}';

  expect(printable(text)).toBe(text);
});

test('what anybody wrote does not steer a terminal', () => {
  const streams = { output: '', errors: '' };
  const printer = createPrinter({
    output: { write: (text) => (streams.output += text) },
    errors: { write: (text) => (streams.errors += text) },
  });

  printer.print(steering);
  printer.note(steering);

  expect(streams).toEqual({ output: `${shown}\n`, errors: `${shown}\n` });
});

test('what would turn the text after it is shown as a mark', () => {
  expect(printable('no\u202Eton\u2066')).toBe('no\uFFFDton\uFFFD');
});

test.each([
  ['pretty', pretty],
  ['of one line', jsonLine],
  ['of elsewhere', (value: unknown) => safeJson(JSON.stringify(value))],
])('JSON, %s, says the same without characters that steer', (_how, json) => {
  const value = { text: `${steering}\u202E`, list: [1, null] };

  const text = json(value);

  expect(JSON.parse(text)).toEqual(value);
  expect(printable(text)).toBe(text);
});
