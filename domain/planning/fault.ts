/** One thing that is wrong with a request, for people and programs. */
export interface Fault {
  /** Where, for instance `participants[0].weight`; `body` for the request as a whole. */
  readonly field: string;
  /** What came; at most 80 characters of it. */
  readonly got: string;
  /** What would have been right. */
  readonly expected: string;
}

/** Most characters of a value that a message repeats. */
const echoMax = 80;

/**
 * Shows a value in a message without repeating all of it.
 *
 * @param value - anything that JSON can hold; `undefined` for what did not come
 * @returns short texts and numbers as JSON, long texts by beginning and length, the rest by kind and size
 */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return shownText(value);
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.keys(value).length;
    return `an object with ${fields} ${fields === 1 ? 'field' : 'fields'}`;
  }
  return JSON.stringify(value);
}

function shownText(text: string): string {
  return text.length <= echoMax
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, echoMax / 2))}… (${grouped(text.length)} characters)`;
}

/**
 * Writes a place in a request as a path.
 *
 * @param path - keys and indexes from the root
 * @returns for instance `participants[0].weight`; `body` for the root
 */
export function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((step, index) => fieldStep(step, index === 0)).join('');
  return text === '' ? 'body' : text;
}

function fieldStep(step: PropertyKey, isFirst: boolean): string {
  if (typeof step === 'number') return `[${step}]`;
  const key = String(step);
  if (!/^[A-Za-z_$][\w$]*$/.test(key) || key.length > echoMax) return `[${shownText(key)}]`;
  return isFirst ? key : `.${key}`;
}

/** Writes a whole number with commas between thousands, whatever the machine's locale. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
