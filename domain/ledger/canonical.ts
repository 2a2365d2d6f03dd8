import canonicalize from 'canonicalize';

/** Deepest nesting that canonical JSON takes; an event or record needs less than twenty. */
export const nestingMax = 200;

/** In a pattern that reads code points, a surrogate is one that has lost its other half. */
const loneSurrogate = /\p{Surrogate}/u;

/** Says that a value has no canonical JSON; `path` leads to the part that has none, `$` is the whole. */
export class NotCanonicalError extends Error {
  readonly path: string;

  constructor(path: string, fault: string) {
    super(`no canonical JSON at ${path}: got ${fault}`);
    this.name = 'NotCanonicalError';
    this.path = path;
  }
}

/**
 * Writes a value as canonical JSON (RFC 8785): the same text for the same value, whatever the order of its keys.
 *
 * Where `JSON.stringify` would drop or change something without a word (undefined, NaN, dates, functions), this
 * refuses, so that what is hashed and signed is what was meant.
 *
 * @throws NotCanonicalError for undefined, NaN, infinities, bigints, functions, symbols, lone surrogates, objects
 *   other than plain ones and arrays, and nesting beyond {@link nestingMax}
 */
export function canonicalJson(value: unknown): string {
  const fault = faultIn(value, '$', 0);
  if (fault !== undefined) throw new NotCanonicalError(fault.path, fault.what);
  return String(canonicalize(value));
}

/**
 * Finds what keeps a value from having canonical JSON.
 *
 * @returns the first such place with a few words on it, or undefined
 */
function faultIn(
  value: unknown,
  path: string,
  depth: number,
): { path: string; what: string } | undefined {
  if (typeof value !== 'object' || value === null) {
    const what = faultOfLeaf(value);
    return what === undefined ? undefined : { path, what };
  }
  if (depth > nestingMax) return { path, what: `nesting deeper than ${String(nestingMax)}` };
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const fault = faultIn(value[index], `${path}[${String(index)}]`, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  return faultOfObject(value, path) ?? faultInEntries(value, path, depth);
}

function faultInEntries(
  value: object,
  path: string,
  depth: number,
): { path: string; what: string } | undefined {
  for (const [key, part] of Object.entries(value)) {
    const place = `${path}.${key}`;
    if (loneSurrogate.test(key)) return { path: place, what: 'a key with a lone surrogate' };
    const fault = faultIn(part, place, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfObject(value: object, path: string): { path: string; what: string } | undefined {
  // Not by prototype: objects from another realm (a sandbox) are as plain as ours.
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  if (tag !== 'Object') return { path, what: `an object of kind ${tag}` };
  const isSelfWriting = 'toJSON' in value && typeof value.toJSON === 'function';
  return isSelfWriting ? { path, what: 'an object that writes itself (toJSON)' } : undefined;
}

function faultOfLeaf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return loneSurrogate.test(value) ? 'a string with a lone surrogate' : undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : String(value);
    case 'boolean':
    case 'object': // null is the only one that comes here
      return undefined;
    case 'undefined':
    case 'bigint':
    case 'function':
    case 'symbol':
      return typeof value;
  }
}
