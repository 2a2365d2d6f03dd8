import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { StackFault } from './stack-fault.ts';

const ADD_USER = 'useradd';
const ANYONE_MAY_ENTER = 0o001;
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];

/** As whom Postgres runs, which must not be root. */
export interface PostgresUser {
  /** Undefined when Postgres runs as we do. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  /** Gives the command that runs a program as this user. */
  command(
    program: string,
    args: readonly string[],
  ): { program: string; args: readonly string[]; uid?: number; gid?: number };
}

/**
 * Finds as whom Postgres can run. For root that is the user `postgres`, who is created if absent; where
 * that user cannot enter the folders (a project below /root), it is given exactly the one capability
 * it needs for that.
 *
 * @param folders - Folders that Postgres has to reach.
 * @param options - What it may do about it.
 * @param options.mayCreate - Whether the user may be created.
 * @throws StackFault when there is no way.
 */
export function findPostgresUser(
  folders: readonly string[],
  { mayCreate }: { mayCreate: boolean },
): PostgresUser {
  if (process.getuid?.() !== 0) {
    return { ids: undefined, command: (program, args) => ({ program, args }) };
  }
  const ids = idsOf('postgres') ?? createUser(mayCreate);
  const closed = folders.map(closedAncestor).find((folder) => folder !== undefined);
  if (closed === undefined) {
    return { ids, command: (program, args) => ({ program, args, ...ids }) };
  }
  const setpriv = SETPRIV.find((path) => existsSync(path));
  if (setpriv === undefined) {
    throw new StackFault(
      `Postgres does not run as root, and its user "postgres" may not enter ${closed}; run as ` +
        'another user, or set CONCLAVE_DATA to a folder that others may enter, or use a Postgres ' +
        'of yours with CONCLAVE_DATABASE_URL',
    );
  }
  const privileges = [
    `--reuid=${String(ids.uid)}`,
    `--regid=${String(ids.gid)}`,
    '--clear-groups',
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=-all,+dac_override',
    '--bounding-set=-all,+dac_override',
    '--',
  ];
  return {
    ids,
    command: (program, args) => ({ program: setpriv, args: [...privileges, program, ...args] }),
  };
}

function idsOf(name: string): { uid: number; gid: number } | undefined {
  try {
    const ask = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return undefined;
  }
}

function createUser(mayCreate: boolean): { uid: number; gid: number } {
  try {
    const args = ['--system', '--user-group', '--no-create-home', 'postgres'];
    if (mayCreate) execFileSync(ADD_USER, args, { stdio: 'pipe' });
  } catch {
    // told below, with what a person can do
  }
  const ids = idsOf('postgres');
  if (ids !== undefined) return ids;
  throw new StackFault(
    `Postgres does not run as root, and there is no user "postgres"${mayCreate ? ' and none could be created' : ''}; ` +
      'run as another user, or create it (useradd --system postgres), or set CONCLAVE_DATABASE_URL',
  );
}

function closedAncestor(folder: string): string | undefined {
  for (let path = folder; ; path = dirname(path)) {
    if (existsSync(path) && (statSync(path).mode & ANYONE_MAY_ENTER) === 0) return path;
    if (path === dirname(path)) return undefined;
  }
}
