import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';

import { z } from 'zod';

/** How a container ended, as the engine tells. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
  /** Why it did not begin; empty where it did. */
  readonly fault: string;
}

/** The Docker engine of this machine, spoken to by its own program, which knows no other engine than that. */
export interface DockerEngine {
  /** Its version and the names of its runtimes. Rejects where no engine answers. */
  look(): Promise<{ readonly version: string; readonly runtimes: readonly string[] }>;
  /** Whether it has an image. */
  hasImage(image: string): Promise<boolean>;
  /** Starts its program. */
  start(args: readonly string[], stdin: number): ChildProcess;
  /** Calls back when the kernel ends something in a container for want of memory; returns how to stop listening. */
  onOutOfMemory(name: string, call: () => void): () => void;
  kill(name: string): Promise<void>;
  /** Undefined where there was no container of that name. */
  endOf(name: string): Promise<ContainerEnd | undefined>;
  remove(name: string): Promise<void>;
  /** Names of containers with a label, each with the value of another one. */
  labelled(label: string, told: string): Promise<readonly { name: string; value: string }[]>;
}

const TIME_MS = 20_000;
const environment = { PATH: '/usr/local/bin:/usr/bin:/bin' };
const run = promisify(execFile);
const infoSchema = z.object({
  ServerVersion: z.string().min(1),
  Runtimes: z.record(z.string(), z.unknown()),
});
const stateSchema = z.object({ ExitCode: z.int(), OOMKilled: z.boolean(), Error: z.string() });

/**
 * Speaks to the Docker engine of this machine.
 *
 * @param docker - path of its program
 */
export function dockerEngine(docker: string): DockerEngine {
  const ask = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run(docker, args, { env: environment, timeout: TIME_MS });
    return stdout;
  };
  const isDone = async (...args: readonly string[]): Promise<boolean> => {
    return await ask(...args).then(
      () => true,
      () => false,
    );
  };
  return {
    look: async () => {
      const told = infoSchema.parse(JSON.parse(await ask('info', '--format', '{{json .}}')));
      return { version: told.ServerVersion, runtimes: Object.keys(told.Runtimes) };
    },
    hasImage: async (image) => await isDone('image', 'inspect', '--format', '{{.Id}}', image),
    start: (args, stdin) =>
      spawn(docker, args, { env: environment, stdio: [stdin, 'pipe', 'pipe'], cwd: '/' }),
    onOutOfMemory: (name, call) => {
      const filters = ['--filter', `container=${name}`, '--filter', 'event=oom'];
      const child = spawn(docker, ['events', ...filters, '--format', '{{.Status}}'], {
        env: environment,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      child.once('error', () => undefined); // what it would tell is told at the end too
      child.stdout.once('data', call);
      return () => child.kill('SIGKILL');
    },
    kill: async (name) => {
      await isDone('kill', name); // one that has ended is what was wanted
    },
    endOf: async (name) => {
      const told = await ask('inspect', '--format', '{{json .State}}', name).catch(() => undefined);
      if (told === undefined) return undefined;
      const { ExitCode, OOMKilled, Error: fault } = stateSchema.parse(JSON.parse(told));
      return { exitCode: ExitCode, isOutOfMemory: OOMKilled, fault };
    },
    remove: async (name) => {
      await isDone('rm', '--force', '--volumes', name);
    },
    labelled: async (label, told) => {
      const form = `{{.Names}} {{.Label "${told}"}}`;
      const text = await ask('ps', '--all', '--filter', `label=${label}`, '--format', form);
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => {
          const [name = '', value = ''] = line.split(' ');
          return { name, value };
        });
    },
  };
}
