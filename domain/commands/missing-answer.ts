import { commandFailure, type CommandFailure, type ReportedCost } from './command-output.ts';
import type { PrintedJson } from './printed-json.ts';

/**
 * Says why an output without the agreed JSON has none.
 *
 * @param stdout - what was printed
 * @param printed - the JSON in it
 * @param expected - what was looked for, for instance `one object with "type": "result"`
 */
export function missingObject(
  stdout: string,
  printed: PrintedJson,
  expected: string,
): CommandFailure {
  if (stdout.trim() === '') {
    return commandFailure('no-output', `the program printed nothing; expected ${expected}`);
  }
  if (printed.isBroken) {
    return commandFailure('half-output', `the output breaks off; expected ${expected}`);
  }
  const came = `${String(stdout.length)} characters without it`;
  return commandFailure(
    'unreadable-output',
    `expected ${expected} on standard output, got ${came}`,
  );
}

/**
 * Says that an output of the right shape holds no answer.
 *
 * @param expected - where the answer should have been
 * @param cost - what was used for it
 */
export function missingAnswer(expected: string, cost: ReportedCost): CommandFailure {
  return commandFailure('no-answer', `the program gave no answer; expected ${expected}`, cost);
}

/** What a program told of its own failure. */
export interface ToldError {
  /** Its word for it; shown only where it is a plain one. */
  readonly mark?: unknown;
  /** Anything; only a number from 400 to 599 is taken for a status. */
  readonly httpStatus?: unknown;
  /** What it says in words, which is never shown. */
  readonly words?: unknown;
  readonly cost?: ReportedCost;
}

/** Says that a program told of its own failure. */
export function reportedError({ mark, httpStatus: said, words, cost }: ToldError): CommandFailure {
  const isStatus = typeof said === 'number' && said >= 400 && said < 600;
  const httpStatus = isStatus ? said : null;
  const told = [
    ...(isMark(mark) ? [mark] : []),
    ...(httpStatus === null ? [] : [`its provider answered ${String(httpStatus)}`]),
  ].join(', ');
  const isPassing = typeof words === 'string' && passing.test(words);
  return commandFailure(
    'reported-error',
    `the program says that it failed${told === '' ? '' : ` (${told})`}`,
    { ...cost, httpStatus, isPassing },
  );
}

/** Words for what is over in a while, where no status says so. */
const passing =
  /connect|network|fetch failed|timed? ?out|unreachable|overload|high demand|disconnect/i;

/** A word without spaces: neither a prompt nor a key has this form. */
function isMark(word: unknown): word is string {
  return typeof word === 'string' && /^[a-z][a-z_.]{2,47}$/i.test(word);
}
