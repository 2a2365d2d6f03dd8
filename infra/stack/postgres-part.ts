import { execFile } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { ensureSecret } from './data-folder.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { OWNER_ROLE } from '../database-urls.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { outliveLeftovers } from './postgres-leftovers.ts';
import { findPostgresUser } from './postgres-user.ts';
import type { PostgresUser } from './postgres-user.ts';
import { StackFault } from './stack-fault.ts';
import type { PartPlan } from './supervised-part.ts';

// Nothing that was acknowledged may be lost (fsync, synchronous_commit); what makes it fast is less
// WAL and rare checkpoints. After a kill, `syncfs` finds unwritten pages in one call.
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  wal_compression: 'on', // pglz: these binaries are built without lz4
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  shared_buffers: '128MB',
  max_connections: '200',
  jit: 'off',
  log_checkpoints: 'off',
  recovery_init_sync_method: process.platform === 'linux' ? 'syncfs' : 'fsync',
};

/** Plans the embedded Postgres; its folder is initialised before the first start. */
export function planPostgres(options: {
  dataFolder: string;
  port: number;
  env: Readonly<Record<string, string | undefined>>;
  /** Ends an initialisation that is under way. */
  signal: AbortSignal;
}): PartPlan {
  const binaries = findPostgresBinaries();
  const folder = join(options.dataFolder, 'postgres');
  const user = findPostgresUser([options.dataFolder, dirname(binaries.postgres)], {
    mayCreate: true,
  });
  // Our locale is not Postgres's: the lines that tell of readiness must stay as they are.
  const env = { ...options.env, LC_ALL: 'C', PGPASSWORD: undefined };
  const args = [
    '-D',
    folder,
    '-p',
    String(options.port),
    ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  return {
    name: 'postgres',
    address: `127.0.0.1:${String(options.port)}`,
    version: binaries.version,
    readiness: { output: /database system is ready to accept connections/ },
    stopSignal: 'SIGINT', // fast shutdown: sessions end, everything is written
    hasChannel: false,
    prepare: async () => {
      await initialise({ ...options, folder, binaries, user, env });
      await outliveLeftovers(folder);
    },
    command: () => ({ ...user.command(binaries.postgres, args), env, cwd: folder }),
  };
}

async function initialise(options: {
  folder: string;
  dataFolder: string;
  binaries: PostgresBinaries;
  user: PostgresUser;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
}): Promise<void> {
  const { folder, user, binaries } = options;
  if (existsSync(join(folder, 'PG_VERSION'))) {
    refuseOtherVersion(folder, binaries.version);
    return;
  }
  // Built aside and renamed: whoever finds the folder finds it whole.
  const unfinished = `${folder}.unfinished`;
  const passwordFile = `${folder}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  const password = ensureSecret(options.dataFolder, 'postgres-owner-password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user.ids !== undefined) {
    for (const path of [unfinished, passwordFile]) chownSync(path, user.ids.uid, user.ids.gid);
  }
  for (const path of [binaries.initdb, binaries.postgres]) makeExecutable(path);
  const { program, args, ...ids } = user.command(binaries.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${OWNER_ROLE}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    ...(process.platform === 'linux' ? ['--sync-method=syncfs'] : []),
  ]);
  try {
    await promisify(execFile)(program, args, {
      ...ids,
      env: options.env,
      cwd: unfinished,
      signal: options.signal,
    });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr ?? String(error);
    throw new StackFault(`Postgres could not initialise ${folder}:\n${said.trim()}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, folder);
}

function refuseOtherVersion(folder: string, version: string): void {
  const found = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  const major = version.split('.')[0] ?? '';
  if (found === major) return;
  throw new StackFault(
    `${folder} was written by Postgres ${found}, and this release brings ${version}; dump it with ` +
      'the release that wrote it, or choose another folder with CONCLAVE_DATA or --data',
  );
}

function makeExecutable(path: string): void {
  try {
    chmodSync(path, 0o755);
  } catch {
    // a read-only installation; then it is executable already, or the start will say so
  }
}
