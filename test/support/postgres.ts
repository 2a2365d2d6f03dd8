import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import postgres from 'postgres';

import { migrate } from '../../infra/database/migrate.ts';
import { findPostgresBinaries } from '../../infra/stack/postgres-binaries.ts';
import { findPostgresUser } from '../../infra/stack/postgres-user.ts';

/** Written by the test run that brings a stack up, so that files need no server of their own. */
const stackFile = join(import.meta.dirname, '..', '..', '.cache', 'test-stack.json');
const testRole = 'conclave_test';
const everyoneMayEnter = 0o755;

/** A server of its own, which a test may kill. */
export interface TestServer {
  /** URL of the superuser. */
  readonly ownerUrl: string;
  readonly port: number;
  /** Ends every process of the server at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it on the same folder and port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A migrated database of its own, and the two ways into it. */
export interface TestDatabase {
  readonly ownerUrl: string;
  /** URL of the application role: row security is forced for it. */
  readonly appUrl: string;
  readonly appRole: string;
  /** Drops it, and ends the server if it was started for this. */
  drop(): Promise<void>;
}

/** Starts a server on a fresh folder and a free port. */
export async function startPostgres(more: readonly string[] = []): Promise<TestServer> {
  const binaries = findPostgresBinaries();
  const folder = await mkdtemp(join(tmpdir(), 'conclave-postgres-'));
  await chmod(folder, everyoneMayEnter);
  const user = findPostgresUser([folder, dirname(binaries.postgres)], { mayCreate: true });
  if (user.ids !== undefined) await chown(folder, user.ids.uid, user.ids.gid);
  const data = join(folder, 'data');
  const initdb = user.command(binaries.initdb, [
    ...['--pgdata', data, '--username', 'postgres', '--auth', 'trust', '--no-sync'],
    ...['--encoding', 'UTF8', '--locale', 'C'],
  ]);
  await finished(spawn(initdb.program, initdb.args, { ...idsOf(initdb), stdio: 'ignore' }));
  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'fsync=off',
    'jit=off',
    'shared_buffers=32MB',
    ...more,
  ];
  const command = user.command(binaries.postgres, [
    ...['-D', data, '-p', String(port)],
    ...settings.flatMap((setting) => ['-c', setting]),
  ]);
  let server: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const child = spawn(command.program, command.args, {
      ...idsOf(command),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = child;
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr.on('data', (chunk: Buffer) => {
        log = `${log}${chunk.toString()}`.slice(-4000);
        if (log.includes('ready to accept connections')) resolve();
      });
      child.once('exit', () => {
        reject(new Error(`postgres ended at its start: ${log}`));
      });
    });
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
    server = undefined;
  };

  await start();
  return {
    ownerUrl: `postgres://postgres@127.0.0.1:${String(port)}/postgres`,
    port,
    kill: () => end('SIGQUIT'), // immediate: no shutdown checkpoint, recovery at the next start
    start,
    stop: async () => {
      await end('SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Gives a migrated database of its own, on the test run's server when there is one, else on a server started for it.
 *
 * @param server - a server that the caller started and will stop
 */
export async function freshDatabase(server?: TestServer): Promise<TestDatabase> {
  const shared = server?.ownerUrl ?? stackOwnerUrl();
  const own = shared === undefined ? await startPostgres() : undefined;
  const serverUrl = shared ?? own?.ownerUrl ?? '';
  const name = `conclave_test_${randomBytes(6).toString('hex')}`;
  const appRole = `${testRole}_${name.slice(-12)}`;
  await ask(serverUrl, [
    `create database ${name}`,
    `create role ${appRole} login password 'test' nosuperuser nobypassrls`,
  ]);
  const ownerUrl = urlWith(serverUrl, { database: name });
  await migrate({ ownerUrl, appRole });
  return {
    ownerUrl,
    appUrl: urlWith(ownerUrl, { user: appRole, password: 'test' }),
    appRole,
    drop: async () => {
      if (own !== undefined) return own.stop();
      await ask(serverUrl, [`drop database ${name} with (force)`, `drop role ${appRole}`]);
    },
  };
}

function stackOwnerUrl(): string | undefined {
  if (!existsSync(stackFile)) return undefined;
  const stack = JSON.parse(readFileSync(stackFile, 'utf8')) as { postgres?: { ownerUrl?: string } };
  return stack.postgres?.ownerUrl;
}

async function ask(url: string, statements: readonly string[]): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    for (const statement of statements) await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

function urlWith(
  url: string,
  parts: { database?: string; user?: string; password?: string },
): string {
  const changed = new URL(url);
  if (parts.database !== undefined) changed.pathname = `/${parts.database}`;
  if (parts.user !== undefined) changed.username = parts.user;
  if (parts.password !== undefined) changed.password = parts.password;
  return changed.href;
}

function idsOf(command: { uid?: number; gid?: number }): { uid?: number; gid?: number } {
  return command.uid === undefined || command.gid === undefined
    ? {}
    : { uid: command.uid, gid: command.gid };
}

async function finished(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`initdb ended with ${String(code)}`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
