/** Writes to the terminal; the only place of the command line that does. A closed pipe (`| head`) is no fault. */
export interface Printer {
  /** Results, to standard output. */
  print(text: string): void;
  /** Everything else, to standard error. */
  note(text: string): void;
}

/** Writes lines to the process's own streams. */
export const terminal: Printer = {
  print: (text) => {
    process.stdout.write(`${text}\n`);
  },
  note: (text) => {
    process.stderr.write(`${text}\n`);
  },
};
