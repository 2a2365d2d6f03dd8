import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { identifyProcess, isSameProcess } from './process-identity.ts';
import { readSecret } from './run-files.ts';
import { StackFault } from './stack-fault.ts';

const MARKER = 'conclave.json';
const LOCK = 'stack.lock';
const LAYOUT_VERSION = 1;
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
// Others may pass through (Postgres may have to run as another user) but not look around.
const PASSABLE_FOLDER = 0o711;
const ADVICE = 'choose another folder with CONCLAVE_DATA or --data';

/** What a folder turns out to be, before anything is written to it. */
export type FolderVerdict =
  | { readonly kind: 'ours' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Judges whether a folder may be used for data.
 *
 * @param folder - Its path, for messages.
 * @param entries - Names inside it; empty when it does not exist.
 * @param marker - Text of its marker file, when there is one.
 */
export function judgeFolder(
  folder: string,
  entries: readonly string[],
  marker: string | undefined,
): FolderVerdict {
  if (marker === undefined) {
    if (entries.length === 0) return { kind: 'empty' };
    const message = `${folder} holds files that are not Conclave's (for instance ${entries[0] ?? ''}); ${ADVICE}`;
    return { kind: 'refused', message };
  }
  const version = versionOf(marker);
  if (version === LAYOUT_VERSION) return { kind: 'ours' };
  const found = version === undefined ? 'an unreadable' : `version ${String(version)} in its`;
  const message = `${folder} has ${found} ${MARKER}; this release knows version ${String(LAYOUT_VERSION)}; ${ADVICE}`;
  return { kind: 'refused', message };
}

/**
 * Makes a folder ready to hold a stack's data, creating it where needed.
 *
 * @throws StackFault when it holds something else, or cannot be written.
 */
export function openDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    const verdict = judgeFolder(folder, readdirSync(folder), readIfThere(join(folder, MARKER)));
    if (verdict.kind === 'refused') throw new StackFault(verdict.message);
    if (verdict.kind === 'empty') {
      writeFileSync(join(folder, MARKER), `${JSON.stringify({ version: LAYOUT_VERSION })}\n`);
    }
    chmodSync(folder, PASSABLE_FOLDER);
    for (const name of ['run', 'logs', 'secrets', 'temporal', 's3']) {
      mkdirSync(join(folder, name), { recursive: true, mode: PRIVATE_FOLDER });
    }
  } catch (error) {
    throw unusable(folder, error);
  }
}

function unusable(folder: string, error: unknown): StackFault {
  if (error instanceof StackFault) return error;
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return new StackFault(`the data folder ${folder} cannot be used (${code}); ${ADVICE}`);
}

/**
 * Takes a data folder for this process alone, until the returned function gives it back.
 *
 * @throws StackFault naming the process that holds it.
 */
export function lockDataFolder(folder: string): () => void {
  const path = join(folder, LOCK);
  const { pid } = process;
  const draft = `${path}.${String(pid)}.tmp`;
  const holder = { pid, identity: identifyProcess(pid), startedAt: new Date().toISOString() };
  refuseHeld(folder, readIfThere(path));
  try {
    writeFileSync(draft, `${JSON.stringify(holder)}\n`, { mode: PRIVATE_FILE });
    takeAway(folder, path);
    linkSync(draft, path); // never replaces what is there, and shows no half file
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(folder, error);
    throw new StackFault(`another stack is starting on ${folder} at this moment; ${ADVICE}`);
  } finally {
    rmSync(draft, { force: true });
  }
  return () => {
    rmSync(path, { force: true });
  };
}

/** Removes a lock whose process is gone. Of two starts that have found it, only one gets it: the other gets the new one. */
function takeAway(folder: string, path: string): void {
  const aside = `${path}.${String(process.pid)}.old`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    refuseHeld(folder, readIfThere(aside));
  } catch (error) {
    renameSync(aside, path);
    throw error;
  }
  rmSync(aside, { force: true });
}

function refuseHeld(folder: string, lock: string | undefined): void {
  const holder = lock === undefined ? undefined : holderIn(lock);
  if (holder === undefined || !isSameProcess(holder)) return;
  throw new StackFault(
    `${folder} is in use by the stack with process id ${String(holder.pid)}, running since ` +
      `${holder.startedAt}; stop that one, or ${ADVICE}`,
  );
}

interface LockHolder {
  readonly pid: number;
  readonly identity: string | undefined;
  readonly startedAt: string;
}

/** Reads a lock; one that a power cut has torn was nobody's who still runs. */
function holderIn(lock: string): LockHolder | undefined {
  try {
    return (JSON.parse(lock) as LockHolder | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Gives a secret of the data folder, drawing it by chance the first time; only the owner reads it. */
export function ensureSecret(folder: string, name: string, bytes = 24): string {
  const kept = readSecret(folder, name);
  if (kept !== undefined && kept !== '') return kept;
  const secret = randomBytes(bytes).toString('base64url');
  writeFileSync(join(folder, 'secrets', name), `${secret}\n`, { mode: PRIVATE_FILE });
  return secret;
}

/** Gives the local tenant's API key, drawing it by chance the first time. */
export function ensureApiKey(folder: string): string {
  const path = join(folder, 'api-key');
  const kept = readIfThere(path)?.trim();
  if (kept !== undefined && kept !== '') return kept;
  const key = `ck_local_${randomBytes(32).toString('base64url')}`;
  writeFileSync(path, `${key}\n`, { mode: PRIVATE_FILE });
  return key;
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function versionOf(marker: string): number | undefined {
  try {
    const { version } = JSON.parse(marker) as { version?: unknown };
    return typeof version === 'number' ? version : undefined;
  } catch {
    return undefined;
  }
}
