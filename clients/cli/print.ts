import { printable } from './printable.ts';

/** Writes to the terminal; the only place of the command line that does. A closed pipe (`| head`) is no fault. */
export interface Printer {
  /** Results, to standard output, without characters that would steer a terminal. */
  print(text: string): void;
  /** A document, to standard output: as it came, unless that is a terminal. */
  pass(text: string): void;
  /** Everything else, to standard error, without characters that would steer a terminal. */
  note(text: string): void;
}

/** What a printer writes to: standard output or standard error. */
export interface Output {
  readonly isTTY?: boolean;
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
    pass: (text) => {
      output.write(`${output.isTTY === true ? printable(text) : text}\n`);
    },
    note: (text) => {
      errors.write(`${printable(text)}\n`);
    },
  };
}
