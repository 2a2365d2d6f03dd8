import { printable } from './printable.ts';

/** Writes to the terminal; the only place of the command line that does. A closed pipe (`| head`) is no fault. */
export interface Printer {
  /** Results, to standard output, as {@link printable} makes them. */
  print(text: string): void;
  /** Everything else, to standard error, as {@link printable} makes it. */
  note(text: string): void;
}

/** What a printer writes to: standard output or standard error. */
export interface Output {
  write(text: string): unknown;
}

/** Makes a printer that writes lines. */
export function createPrinter({
  output,
  errors,
}: {
  readonly output: Output;
  readonly errors: Output;
}): Printer {
  return {
    print: (text) => {
      output.write(`${printable(text)}\n`);
    },
    note: (text) => {
      errors.write(`${printable(text)}\n`);
    },
  };
}
