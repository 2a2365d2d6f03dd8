/** One place in which two JSON values differ. `path` is like `decision.votes[2].choice`, and `$` for the whole. */
export interface Difference {
  readonly path: string;
  /** `undefined` where there is nothing. */
  readonly given: unknown;
  readonly expected: unknown;
}

/**
 * Lists where two JSON values differ, at the deepest places that still differ.
 *
 * @param given - what is there
 * @param expected - what should be there
 * @param path - where both values stand
 */
export function differences(given: unknown, expected: unknown, path = ''): readonly Difference[] {
  if (Object.is(given, expected)) return [];
  if (!isContainer(given) || !isContainer(expected)) return [at(path, given, expected)];
  if (Array.isArray(given) !== Array.isArray(expected)) return [at(path, given, expected)];
  const one = new Map(Object.entries(given));
  const other = new Map(Object.entries(expected));
  const isList = Array.isArray(given);
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((key) =>
    differences(one.get(key), other.get(key), isList ? `${path}[${key}]` : joined(path, key)),
  );
}

/** Shows a value in a message: short, on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  const characters = Array.from(text);
  return characters.length <= shownCharactersMax
    ? text
    : `${characters.slice(0, shownCharactersMax).join('')} … (${characters.length} characters)`;
}

const shownCharactersMax = 120;

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function at(path: string, given: unknown, expected: unknown): Difference {
  return { path: path === '' ? '$' : path, given, expected };
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
