import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { processesNamed } from '../../support/sandbox/processes.ts';
import { git, makeRepository } from '../../support/sandbox/repositories.ts';

/** What a backend makes by itself for its programs, besides what every sandbox has. */
export interface OwnFiles {
  /** Below `/dev`. */
  readonly devices: readonly string[];
  /** Below `/etc`. */
  readonly settings: readonly string[];
}

/** Things on the host that no sandboxed program may find, reach, change or leave behind. */
export interface Canaries {
  /** In the environment, in files and behind sockets of the host; nowhere inside. */
  readonly secret: string;
  /** Readable for everyone on the host. */
  readonly secretFile: string;
  readonly folder: string;
  readonly port: number;
  readonly abstractName: string;
  readonly victimPid: number;
  readonly victimWord: string;
  /** Made by whoever falls into the trap. */
  readonly trapFile: string;
  readonly wasTrapped: () => boolean;
  /** Name of a process that tries to live on. */
  readonly outliving: string;
  readonly isOutlived: () => boolean;
  readonly isRoot: boolean;
  readonly ownFiles: OwnFiles;
  remove(): Promise<void>;
}

/** Sets them all up, as whoever runs this. */
export async function setUpCanaries(
  secret: string,
  ownFiles: OwnFiles = { devices: [], settings: [] },
): Promise<Canaries> {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-canaries-'));
  chmodSync(folder, 0o755);
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, secret, { mode: 0o644 });
  const trapFile = join(folder, 'trapped-by-git');
  plantFolders(folder, secret, trapFile);
  const abstractName = `conclave-${randomUUID()}`;
  const victimWord = `victim-${randomUUID()}`;
  const outliving = `outliving-${randomUUID()}`;
  const tcp = await listening(secret, { host: '127.0.0.1', port: 0 });
  const abstract = await listening(secret, { path: `\0${abstractName}` });
  const victim = spawn('/bin/sleep', ['600'], { argv0: victimWord, stdio: 'ignore' });
  const segment = /\d+/.exec(execFileSync('ipcmk', ['-M', '4096', '-p', '0666']).toString())?.[0];
  return {
    ...{
      ownFiles,
      secret,
      secretFile,
      folder,
      abstractName,
      victimWord,
      trapFile,
      outliving,
    },
    port: (tcp.address() as AddressInfo).port,
    victimPid: victim.pid ?? 0,
    wasTrapped: () => existsSync(trapFile),
    isOutlived: () => processesNamed(outliving).length > 0,
    isRoot: process.getuid?.() === 0,
    remove: async () => {
      victim.kill('SIGKILL');
      execFileSync('ipcrm', ['-m', segment ?? '']);
      for (const server of [tcp, abstract]) await closed(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function plantFolders(folder: string, secret: string, trapFile: string): void {
  const given = join(folder, 'given');
  mkdirSync(given);
  writeFileSync(join(given, 'plain'), 'plain');
  writeFileSync(join(given, 'private'), secret, { mode: 0o600 });
  copyFileSync('/usr/bin/id', join(given, 'id-as-owner'));
  chmodSync(join(given, 'id-as-owner'), 0o4755);
  mkdirSync(join(folder, 'aim', 'inner'), { recursive: true });
  writeFileSync(join(folder, 'aim', 'inner', 'file'), secret);
  mkdirSync(join(folder, 'planted'));
  symlinkSync(join(folder, 'aim'), join(folder, 'planted', 'link'));
  mkdirSync(join(folder, 'trapped'));
  symlinkSync(join(folder, 'aim'), join(folder, 'trapped', 'modules'));
  for (const name of ['repository', 'trapping']) {
    makeRepository(join(folder, name), { file: 'as it was\n' });
  }
  git(join(folder, 'trapping'), 'config', 'core.fsmonitor', `touch ${trapFile}; false`);
}

async function listening(secret: string, at: object): Promise<Server> {
  const server = createServer((socket) => socket.end(secret));
  await new Promise<void>((resolve) => server.listen(at, resolve));
  return server;
}

async function closed(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
