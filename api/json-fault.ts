/** Where a text stops being JSON. Lines and columns count from 1. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly got: string;
  readonly expected: string;
}

const BLANK = /[ \t\n\r]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const FIRST_PRINTABLE = 0x20;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

type Expectation =
  'value' | 'value-or-end' | 'name' | 'name-or-end' | 'colon' | 'comma' | 'nothing';

const WORDS: Record<Expectation, string> = {
  value: 'a value',
  'value-or-end': "a value or ']'",
  name: 'a property name in double quotes',
  'name-or-end': "a property name in double quotes or '}'",
  colon: "':'",
  comma: "',' or the closing bracket",
  nothing: 'the end of the text',
};

/**
 * Finds the first place where a text that `JSON.parse` refuses is wrong. The engine's own message
 * names a place only for some faults.
 *
 * @param text - what was sent
 * @returns the place, what stands there and what was expected; `undefined` for valid JSON
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: ('{' | '[')[] = [];
  let expectation: Expectation = 'value';
  let at = 0;
  for (;;) {
    at = skip(BLANK, text, at) ?? at;
    if (at >= text.length && expectation === 'nothing') return undefined;
    const step = readOne(text, at, expectation, open);
    if (step === undefined) return faultAt(text, at, WORDS[expectation]);
    at = step.at;
    expectation = step.expectation;
  }
}

interface Read {
  readonly at: number;
  readonly expectation: Expectation;
}

/** Reads one token; `undefined` when what stands there does not fit. Keeps `open` up to date. */
function readOne(
  text: string,
  at: number,
  expectation: Expectation,
  open: ('{' | '[')[],
): Read | undefined {
  const sign = text[at];
  if (expectation === 'colon')
    return sign === ':' ? { at: at + 1, expectation: 'value' } : undefined;
  if (expectation === 'comma' && sign === ',') {
    return { at: at + 1, expectation: open.at(-1) === '{' ? 'name' : 'value' };
  }
  if (sign !== undefined && closes(sign, expectation, open)) {
    open.pop();
    return { at: at + 1, expectation: afterValue(open) };
  }
  if (expectation === 'name' || expectation === 'name-or-end') {
    const end = skipText(text, at);
    return end === undefined ? undefined : { at: end, expectation: 'colon' };
  }
  return expectation.startsWith('value') ? readValue(text, at, open) : undefined;
}

function readValue(text: string, at: number, open: ('{' | '[')[]): Read | undefined {
  const sign = text[at];
  if (sign === '{' || sign === '[') {
    open.push(sign);
    return { at: at + 1, expectation: sign === '{' ? 'name-or-end' : 'value-or-end' };
  }
  const end = skipText(text, at) ?? skip(SCALAR, text, at);
  return end === undefined ? undefined : { at: end, expectation: afterValue(open) };
}

function closes(sign: string, expectation: Expectation, open: readonly string[]): boolean {
  if (sign === '}') {
    return open.at(-1) === '{' && (expectation === 'name-or-end' || expectation === 'comma');
  }
  return (
    sign === ']' &&
    open.at(-1) === '[' &&
    (expectation === 'value-or-end' || expectation === 'comma')
  );
}

function afterValue(open: readonly string[]): Expectation {
  return open.length === 0 ? 'nothing' : 'comma';
}

function skip(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found === null ? undefined : at + found[0].length;
}

/** By hand: over a string of megabytes a pattern would exhaust the engine's backtracking stack. */
function skipText(text: string, start: number): number | undefined {
  if (text[start] !== '"') return undefined;
  let at: number | undefined = start + 1;
  while (at !== undefined && at < text.length) {
    if (text[at] === '"') return at + 1;
    if (text.charCodeAt(at) < FIRST_PRINTABLE) return undefined;
    at = text[at] === '\\' ? skip(ESCAPE, text, at) : at + 1;
  }
  return undefined;
}

function faultAt(text: string, at: number, expected: string): JsonFault {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const got = at >= text.length ? 'the end of the text' : JSON.stringify(text.slice(at, at + 12));
  return { line, column, got, expected };
}
