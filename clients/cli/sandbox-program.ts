import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

import type { FolderGrant, SandboxRequest } from '../../domain/sandbox/run-request.ts';
import type { CommandContext } from './commands.ts';
import type { ConnectionOptions } from './connection.ts';
import { CommandError, exitUsage } from './exit.ts';
import { collected, numberOf, pairIn } from './option-values.ts';
import * as sandbox from './sandbox-commands.ts';
import type { ConnectedCommands } from './webhook-program.ts';

type Options = ConnectionOptions & { readonly json?: boolean };

interface RunOptions extends Options {
  readonly lane?: string;
  readonly code?: string;
  readonly file?: string;
  readonly grant?: readonly string[];
  readonly env?: readonly string[];
  readonly stdin?: string;
  readonly seed?: string;
  readonly timeMs?: number;
  readonly memoryBytes?: number;
}

/** Adds the commands for runs in the sandbox, under `sandbox`. */
export function addSandbox(program: Command, shared: ConnectedCommands): void {
  const { connected, contextOf } = shared;
  const group = program.command('sandbox').description('run code where it can do no harm');
  connected(group.command('run [argv...]').description('run a snippet, or a command after --'))
    .option('--lane <lane>', 'javascript, python or command; by default what the rest means')
    .option('--code <text>', 'the snippet')
    .option('--file <file>', 'the snippet, from a file')
    .option('--grant <folder:path:mode>', 'a folder of the configuration; repeat', collected)
    .option('--env <name=value>', 'a variable; repeat', collected)
    .option('--stdin <text>', 'standard input')
    .option('--seed <text>', 'what drives chance')
    .option('--time-ms <n>', 'longest time, milliseconds', numberOf)
    .option('--memory-bytes <n>', 'most memory, bytes', numberOf)
    .action(async (argv: readonly string[], options: RunOptions) => {
      await sandbox.run(contextOf(options), requestOf(argv, options));
    });
  connected(group.command('list').description('list runs, newest first'))
    .option('--status <status>', 'only those')
    .option('--lane <lane>', 'only those')
    .option('--limit <n>', 'how many')
    .option('--cursor <next>', 'go on after a page')
    .action(async (options: Options & Readonly<Record<string, string | undefined>>) => {
      const { status, lane, limit, cursor } = options;
      await sandbox.list(contextOf(options), { status, lane, limit, cursor });
    });
  onOne(group, shared, 'show', 'show a run', sandbox.showOne);
  connected(group.command('cancel <id>').description('end a run'))
    .option('--reason <text>', 'why')
    .action(async (id: string, options: Options & { readonly reason?: string }) => {
      await sandbox.cancel(contextOf(options), id, options.reason);
    });
}

function onOne(
  group: Command,
  { connected, contextOf }: ConnectedCommands,
  name: string,
  description: string,
  act: (context: CommandContext, id: string) => Promise<void>,
): void {
  connected(group.command(`${name} <id>`).description(description)).action(
    async (id: string, options: Options) => {
      await act(contextOf(options), id);
    },
  );
}

/** What is wrong with it is said by the API, by field. */
function requestOf(argv: readonly string[], options: RunOptions): SandboxRequest {
  const { grant, env, stdin, seed } = options;
  const code = options.file === undefined ? options.code : textOf(options.file);
  const lane = (options.lane ?? (argv.length > 0 ? 'command' : 'javascript')) as 'command';
  const limits = limitsOf(options);
  return {
    lane,
    ...(code !== undefined && { code }),
    ...(argv.length > 0 && { argv }),
    ...(grant !== undefined && { grants: grant.map(grantOf) }),
    ...(env !== undefined && { env: Object.fromEntries(env.map(variableOf)) }),
    ...(stdin !== undefined && { stdin }),
    ...(seed !== undefined && { seed }),
    ...(limits !== undefined && { limits }),
  };
}

function limitsOf({ timeMs, memoryBytes }: RunOptions): SandboxRequest['limits'] {
  if (timeMs === undefined && memoryBytes === undefined) return undefined;
  return {
    ...(timeMs !== undefined && { timeMs }),
    ...(memoryBytes !== undefined && { memoryBytes }),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CommandError(`--file: ${file} cannot be read`, exitUsage, cause);
  }
}

function grantOf(text: string): FolderGrant {
  const [folder, path, mode = 'read', ...rest] = text.split(':');
  if (!folder || !path || rest.length > 0) {
    throw new CommandError(`--grant: got ${text}, expected folder:/path:mode`, exitUsage);
  }
  return { folder, path, mode: mode as FolderGrant['mode'] };
}

function variableOf(text: string): readonly [string, string] {
  return pairIn(text, { flag: '--env', expected: 'name=value' });
}
