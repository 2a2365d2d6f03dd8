import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { z } from 'zod';

/** How a container ended, as the engine tells. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
  /** Why it did not begin; empty where it did. */
  readonly fault: string;
}

/** What is told of a container while it lives. */
export interface ContainerCalls {
  readonly onStart: () => void;
  /** The kernel ended something in it for want of memory. */
  readonly onOutOfMemory: () => void;
}

/** The Docker engine of this machine, spoken to by its own program, which knows no other engine than that. */
export interface DockerEngine {
  /** Its version and the names of its runtimes. Rejects where no engine answers. */
  look(): Promise<{ readonly version: string; readonly runtimes: readonly string[] }>;
  /** Whether it has an image. */
  hasImage(image: string): Promise<boolean>;
  /** Starts its program. */
  start(args: readonly string[], stdin: number): ChildProcess;
  /** Calls back what happens to a container, from before it is made; returns how to stop listening. */
  follow(name: string, calls: ContainerCalls): () => void;
  /** Its first process as this machine counts; undefined where it has none, or the engine counts otherwise. */
  processOf(name: string): Promise<number | undefined>;
  kill(name: string): Promise<void>;
  /** Undefined where there was no container of that name. */
  endOf(name: string): Promise<ContainerEnd | undefined>;
  remove(name: string): Promise<void>;
  /** Names of containers with a label, each with the value of another one. */
  labelled(label: string, told: string): Promise<readonly { name: string; value: string }[]>;
}

const TIME_MS = 20_000;
const MS_PER_SECOND = 1000;
const environment = { PATH: '/usr/local/bin:/usr/bin:/bin' };
const run = promisify(execFile);
// Where no engine answers, its program ends well and tells so in words of these.
const faultsSchema = z.object({ ServerErrors: z.array(z.string()).optional() });
const infoSchema = z.object({
  ServerVersion: z.string().min(1),
  Runtimes: z.record(z.string(), z.unknown()),
});
const stateSchema = z.object({ ExitCode: z.int(), OOMKilled: z.boolean(), Error: z.string() });

/**
 * Speaks to the Docker engine of this machine.
 *
 * @param docker - path of its program
 * @param socket - path of the engine's socket
 */
export function dockerEngine(docker: string, socket: string): DockerEngine {
  const at = ['--host', `unix://${socket}`];
  const ask = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run(docker, [...at, ...args], { env: environment, timeout: TIME_MS });
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
      const words: unknown = JSON.parse(await ask('info', '--format', '{{json .}}'));
      const { ServerErrors: faults = [] } = faultsSchema.parse(words);
      if (faults.length > 0) throw new Error(faults.join(' '));
      const told = infoSchema.parse(words);
      return { version: told.ServerVersion, runtimes: Object.keys(told.Runtimes) };
    },
    hasImage: async (image) => await isDone('image', 'inspect', '--format', '{{.Id}}', image),
    start: (args, stdin) =>
      spawn(docker, [...at, ...args], {
        env: environment,
        stdio: [stdin, 'pipe', 'pipe'],
        cwd: '/',
      }),
    follow: (name, calls) => {
      // What came before the listener did is told too.
      const since = String(Math.floor(Date.now() / MS_PER_SECOND) - 1);
      const filters = ['--filter', `container=${name}`, '--since', since];
      const child = spawn(docker, [...at, 'events', ...filters, '--format', '{{.Status}}'], {
        env: environment,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      child.once('error', () => undefined); // what it would tell is told at the end too
      createInterface(child.stdout).on('line', (line) => {
        if (line === 'start') calls.onStart();
        if (line === 'oom') calls.onOutOfMemory();
      });
      return () => child.kill('SIGKILL');
    },
    processOf: async (name) => {
      const form = '{{.Id}} {{.State.Pid}}';
      const told = await ask('inspect', '--format', form, name).catch(() => '');
      const [id = '', pid = ''] = told.trim().split(' ');
      return Number(pid) > 0 && isInContainer(pid, id) ? Number(pid) : undefined;
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
      return namesIn(await ask('ps', '--all', '--filter', `label=${label}`, '--format', form));
    },
  };
}

/** An engine in a machine of its own counts other processes by the same numbers. */
function isInContainer(pid: string, id: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id);
  } catch {
    return false; // it ended between the two looks
  }
}

function namesIn(text: string): { name: string; value: string }[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', value = ''] = line.split(' ');
      return { name, value };
    });
}
