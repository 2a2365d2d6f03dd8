/** An object as JSON has it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON that a program printed between other things. */
export interface PrintedJson {
  /** In the order in which they were printed. */
  readonly objects: readonly JsonObject[];
  /** Whether an object began that never became one: a line that breaks off, or words that look like its beginning. */
  readonly isBroken: boolean;
}

/** Most objects over several lines that are tried, so that an output of braces stays cheap. */
const blocksMax = 64;

/**
 * Finds the JSON objects that begin at the beginning of a line: one a line, as JSONL has them, or over several lines that end
 * with a brace at the beginning of one. Lists of objects count as their objects. All other lines, warnings for
 * instance, are passed over.
 */
export function printedJson(text: string): PrintedJson {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const objects: JsonObject[] = [];
  let isBroken = false;
  let blocks = 0;
  let next = 0;
  for (const [index, line] of lines.entries()) {
    if (index < next || !/^[{[]/.test(line)) continue;
    const single = objectsOf(line);
    if (single === undefined) blocks += 1;
    const end =
      single === undefined && blocks <= blocksMax ? endOfBlock(lines, index, line) : index;
    const found = single ?? objectsOf(lines.slice(index, end + 1).join('\n'));
    if (found === undefined) {
      // A warning in brackets, `[WARN] …`, is no beginning of anything.
      isBroken ||= line.startsWith('{');
      continue;
    }
    objects.push(...found);
    next = end + 1;
  }
  return { objects, isBroken };
}

/**
 * Follows a path into JSON.
 *
 * @param value - anything that JSON can hold
 * @param path - names and indexes with dots between, for instance `choices.0.message.content`
 * @returns `undefined` where the path leads nowhere
 */
export function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, name) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, name))
      return undefined;
    return (inner as JsonObject)[name];
  }, value);
}

/** Gives the name of an object's only field; `null` where it has none or several. */
export function soleName(object: JsonObject): string | null {
  const [name, ...others] = Object.keys(object);
  return name === undefined || others.length > 0 ? null : name;
}

/** Whether a value is an object, and neither a list nor `null`. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where no line closes what one began, the block is that line. */
function endOfBlock(lines: readonly string[], start: number, line: string): number {
  const closing = line.startsWith('{') ? '}' : ']';
  const end = lines.findIndex((each, index) => index > start && each.startsWith(closing));
  return Math.max(end, start);
}

/** The objects of a text that begins with a brace or bracket; `undefined` where it is not JSON. */
function objectsOf(text: string): readonly JsonObject[] | undefined {
  try {
    const value = JSON.parse(text) as JsonObject | readonly unknown[];
    return isObject(value) ? [value] : value.filter(isObject);
  } catch {
    // Not being JSON is the finding.
    return undefined;
  }
}
