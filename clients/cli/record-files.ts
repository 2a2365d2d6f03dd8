import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { CommandError, exitUsage } from './exit.ts';

/**
 * Reads a file, or standard input for `-`.
 *
 * @throws CommandError with the code for wrong usage when it cannot be read
 */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new CommandError(`${path}: cannot be read (${code})`, exitUsage, cause);
  }
}

/**
 * Reads JSON from a file.
 *
 * @throws CommandError when it is none; what no longer parses was changed
 */
export async function readJson(path: string): Promise<unknown> {
  return parsed(await readText(path), path);
}

/**
 * Reads events: a JSON array, a page as the API gives it, several pages in an array, or one
 * event a line (JSONL).
 *
 * @throws CommandError when the file holds none of these
 */
export async function readEvents(path: string): Promise<readonly unknown[]> {
  const text = await readText(path);
  const found = eventsIn(isJsonLines(text) ? parsedLines(text, path) : parsed(text, path));
  if (found !== undefined) return found;
  throw new CommandError(`${path}: expected events as a JSON array, pages of the API, or JSONL`);
}

/**
 * Reads the public keys that the reader trusts: PEM, SPKI in DER as base64, or the list that the API publishes.
 *
 * @returns SPKI in DER, base64, one or more
 * @throws CommandError with the code for wrong usage when one is no Ed25519 key
 */
export async function readPublicKeys(path: string): Promise<readonly string[]> {
  const text = (await readText(path)).trim();
  try {
    const keys = text.startsWith('{') ? publishedKeys(JSON.parse(text)) : [text];
    if (keys.length === 0) throw new Error('no keys');
    return keys.map(spkiOf);
  } catch (cause) {
    const expected = 'expected an Ed25519 public key, as PEM, base64 (SPKI) or as the API gives it';
    throw new CommandError(`${path}: ${expected}`, exitUsage, cause);
  }
}

function publishedKeys(list: unknown): readonly string[] {
  return (list as { readonly keys: readonly { readonly pem: string }[] }).keys.map(
    ({ pem }) => pem,
  );
}

function spkiOf(text: string): string {
  const key = text.startsWith('-----BEGIN')
    ? createPublicKey(text)
    : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(String(key.asymmetricKeyType));
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}

/** Lines of JSON are no JSON, unless there is but one; a line that begins an array or page decides. */
function isJsonLines(text: string): boolean {
  const lines = linesOf(text);
  return lines.length > 1 && lines.every((line) => line.startsWith('{') && line.endsWith('}'));
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function parsedLines(text: string, path: string): readonly unknown[] {
  return linesOf(text).map((line, index) => parsed(line, `${path} line ${String(index + 1)}`));
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(`${where}: is no JSON: ${fault}`, undefined, cause);
  }
}

function eventsIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value.flatMap((one: unknown) => pageIn(one) ?? [one]);
  return pageIn(value) ?? (isEvent(value) ? [value] : undefined);
}

function pageIn(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('items' in value && Array.isArray(value.items)) return value.items as unknown[];
  return undefined;
}

function isEvent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'seq' in value;
}
