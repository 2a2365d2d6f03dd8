import { expect, test } from '@jest/globals';

import { createPrinter, type Printer } from '../../../clients/cli/print.ts';
import { jsonLine, pretty, printable } from '../../../clients/cli/printable.ts';

/** Clears the screen, rings, writes over the line, and the same sequence by its one-character form. */
const steering = 'a\u001b[2Jb\u0007c\rd\u009b2Je\u007ff';
const shown = 'a\uFFFD[2Jb\uFFFDc\uFFFDd\uFFFD2Je\uFFFDf';

function written(isTTY: boolean, write: (printer: Printer) => void): Record<string, string> {
  const streams = { output: '', errors: '' };
  const printer = createPrinter({
    output: { isTTY, write: (text) => (streams.output += text) },
    errors: { isTTY, write: (text) => (streams.errors += text) },
  });
  write(printer);
  return streams;
}

test('ends of lines, tabs and letters of all languages stay as they are', () => {
  const text = 'line\n\tzweite Zeile, 三行目, \u{1F600}';

  expect(printable(text)).toBe(text);
  expect(printable(text.replaceAll('\n', '\r\n'))).toBe(text);
});

test.each([true, false])(
  'what models wrote does not steer a terminal, directly or by a pipe (%s)',
  (isTTY) => {
    const streams = written(isTTY, (printer) => {
      printer.print(steering);
      printer.note(steering);
    });

    expect(streams).toEqual({ output: `${shown}\n`, errors: `${shown}\n` });
  },
);

test('a document is passed on as it came, unless it goes to a terminal', () => {
  const passing = (printer: Printer): void => {
    printer.pass(steering);
  };

  expect(written(false, passing)).toEqual({ output: `${steering}\n`, errors: '' });
  expect(written(true, passing)).toEqual({ output: `${shown}\n`, errors: '' });
});

test.each([
  ['pretty', pretty],
  ['of one line', jsonLine],
])('JSON, %s, says the same without characters that steer', (_how, json) => {
  const value = { text: steering, list: [1, null] };

  const text = json(value);

  expect(JSON.parse(text)).toEqual(value);
  expect(printable(text)).toBe(text);
});
