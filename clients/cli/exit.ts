/** All was well. */
export const exitOk = 0;

/** Asked for rightly and not to be had: a record that does not verify, a refusal of the API. */
export const exitFailed = 1;

/** Asked for wrongly: unknown flags, missing files. */
export const exitUsage = 2;

/** Ends a command with one message for the person who typed it, and an exit code. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitFailed, cause?: unknown) {
    super(message, { cause });
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}
