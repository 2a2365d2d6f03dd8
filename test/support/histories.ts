import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { historyFromJSON, type History } from '@temporalio/common/lib/proto-utils.js';

const folder = join(import.meta.dirname, '..', 'histories');

/** A history as it was recorded. */
export interface RecordedHistory {
  /** `<workflow>/<name>`. */
  readonly name: string;
  /** The file's text. */
  readonly text: string;
}

/** Every recorded history there is: a file that is put into the folder is replayed without further ado. */
export const recordedHistories: readonly RecordedHistory[] = readdirSync(folder, {
  recursive: true,
  encoding: 'utf8',
})
  .filter((path) => path.endsWith('.json'))
  .sort()
  .map((path) => ({
    name: path.slice(0, -'.json'.length),
    text: readFileSync(join(folder, path), 'utf8'),
  }));

/** Reads a history's text as the Temporal client gives it; `edit` changes the text first. */
export function historyOf(
  { text }: RecordedHistory,
  edit: (text: string) => string = (same) => same,
): History {
  return historyFromJSON(JSON.parse(edit(text)));
}

/** Gives the history of this name. */
export function historyNamed(name: string): RecordedHistory {
  const found = recordedHistories.find((history) => history.name === name);
  if (found === undefined) throw new Error(`${name}: no such history`);
  return found;
}

/** Everything that stands in a history in words, also what is packed as a payload. */
export function wordsOf({ text }: RecordedHistory): string {
  const payloads = [...text.matchAll(/"data":"([^"]*)"/g)].map(([, base64 = '']) =>
    Buffer.from(base64, 'base64').toString(),
  );
  return [text, ...payloads].join('\n');
}
