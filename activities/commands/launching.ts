import { realpath } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ownFolder } from '../../domain/commands/command-settings.ts';
import type { CommandRun, Grant } from '../../domain/sandbox/run.ts';

/** How our launcher is started inside a sandbox. */
export interface Launching {
  /** Program and arguments; the order and the program to be launched follow. */
  readonly argv: readonly string[];
  readonly grants: readonly Grant[];
  /** Folder inside in which programs find `node`. */
  readonly nodeFolder: string;
  /** Port of the sandbox's own loopback on which the way out begins. */
  readonly port: number;
}

/** What a program needs of us before it starts. */
export interface LaunchOrder {
  /** Contents by path, relative to the work folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Folder of the host that holds the proxy's socket; `null` where the program has no way out. */
  readonly socketFolder: string | null;
}

/** Name of the proxy's socket in its folder. */
export const socketName = 'egress.sock';

const usualPort = 8111;
const usualPath = '/usr/local/bin:/usr/bin:/bin';
const inside = {
  launcher: `${ownFolder}/launcher`,
  node: `${ownFolder}/node`,
  egress: `${ownFolder}/egress`,
};

/**
 * Finds what the launcher is made of on this machine.
 *
 * @param execPath - the Node.js that runs it, for instance `process.execPath`; the folder that it is in is shown to programs
 */
export async function launchingWith(execPath: string): Promise<Launching> {
  const file = `launcher/program${extname(import.meta.url)}`;
  const [node, launcher] = await Promise.all([
    realpath(execPath),
    realpath(fileURLToPath(new URL(file, import.meta.url))),
  ]);
  return {
    argv: [
      `${inside.node}/${basename(node)}`,
      '--disable-warning=ExperimentalWarning',
      '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
      `${inside.launcher}/${basename(launcher)}`,
    ],
    grants: [
      { host: dirname(node), path: inside.node, mode: 'read' },
      { host: dirname(launcher), path: inside.launcher, mode: 'read' },
    ],
    nodeFolder: inside.node,
    port: usualPort,
  };
}

/** Says where a program inside finds the proxy. */
export function proxyUrl({ port }: Pick<Launching, 'port'>): string {
  return `http://127.0.0.1:${String(port)}`;
}

/**
 * Puts the launcher before a program.
 *
 * @param run - the program's run
 * @param order - what it needs
 * @param launching - see {@link launchingWith}
 */
export function launched(run: CommandRun, order: LaunchOrder, launching: Launching): CommandRun {
  const { files, socketFolder } = order;
  const egress =
    socketFolder === null
      ? null
      : { port: launching.port, socket: `${inside.egress}/${socketName}` };
  const grants: readonly Grant[] =
    socketFolder === null ? [] : [{ host: socketFolder, path: inside.egress, mode: 'read' }];
  return {
    ...run,
    argv: [...launching.argv, JSON.stringify({ files, egress }), ...run.argv],
    grants: [...run.grants, ...launching.grants, ...grants],
    env: {
      PATH: `${launching.nodeFolder}:${usualPath}`,
      ...(egress === null ? {} : proxyVariables(proxyUrl(launching))),
      ...run.env,
    },
  };
}

/** By these, programs that know nothing of us find the proxy; what they ask of it is refused unless it is allowed. */
function proxyVariables(url: string): Record<string, string> {
  const around = 'localhost,127.0.0.1';
  return {
    ...{ HTTP_PROXY: url, http_proxy: url, HTTPS_PROXY: url, https_proxy: url },
    ...{ NO_PROXY: around, no_proxy: around },
  };
}
