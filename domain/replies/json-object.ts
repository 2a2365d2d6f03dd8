/** What searching a text for its one JSON object comes to. */
export type FoundObject =
  | { readonly kind: 'found'; readonly value: Readonly<Record<string, unknown>> }
  /** No object at all: prose, or JSON of another kind. */
  | { readonly kind: 'none' }
  /** An object began and the text ended before it did. */
  | { readonly kind: 'unfinished' }
  /** More than one object, so that which is meant would be a guess. */
  | { readonly kind: 'several'; readonly count: number };

/** Most beginnings of an object that are tried, so that a text of braces stays cheap. */
const beginningsMax = 64;

/**
 * Finds the one JSON object of a text, with prose or a code fence around it.
 *
 * Objects inside an object are never taken for it: of half an object nothing is found.
 */
export function findJsonObject(text: string): FoundObject {
  const whole = parseObject(text);
  if (whole !== undefined) return { kind: 'found', value: whole };
  const found: Readonly<Record<string, unknown>>[] = [];
  let start = text.indexOf('{');
  for (let tries = 0; start >= 0 && tries < beginningsMax; tries += 1) {
    const end = endOfObject(text, start);
    // Where another object begins and breaks off, which one was meant would be a guess.
    if (end < 0) return { kind: 'unfinished' };
    const value = parseObject(text.slice(start, end));
    if (value !== undefined) found.push(value);
    start = text.indexOf('{', end);
  }
  return single(found);
}

function single(found: readonly Readonly<Record<string, unknown>>[]): FoundObject {
  const [value] = found;
  if (value === undefined) return { kind: 'none' };
  return found.length === 1 ? { kind: 'found', value } : { kind: 'several', count: found.length };
}

/** Gives the index after the brace that closes the one at `start`, or -1. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let isInString = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (isInString) {
      if (character === '\\') index += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{') depth += 1;
    else if (character === '}' && (depth -= 1) === 0) return index + 1;
  }
  return -1;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Not JSON is an ordinary outcome here: the caller is told by the missing value.
    return undefined;
  }
}
