import { createPrinter, type Output, type Printer } from '../../clients/cli/print.ts';

/**
 * Makes the command line's printer, which keeps the lines that it is told.
 *
 * @param printed - gets the lines of standard output
 * @param noted - gets those of standard error; the same list unless given
 */
export function printerInto(printed: string[], noted: string[] = printed): Printer {
  return createPrinter({ output: linesInto(printed), errors: linesInto(noted) });
}

/** Something to write to that keeps each text, without its end of line. */
function linesInto(lines: string[]): Output {
  return { write: (text) => lines.push(text.slice(0, -1)) };
}
