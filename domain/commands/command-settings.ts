import type { SandboxLimits } from '../sandbox/limits.ts';
import type { OutputFormat } from './output-format.ts';

/** A variable of a program: a text, with placeholders, or the value of a variable of the worker that programs may see. */
export type EnvironmentValue = string | { readonly from: string };

/** A folder of the host that a program may see besides its work folder. */
export interface CommandGrant {
  /** Absolute path on the host. */
  readonly host: string;
  /** Absolute path inside. */
  readonly path: string;
  /** `copy`: it may change a copy of its own. The folder on the host is never written. */
  readonly mode: 'read' | 'copy';
}

/** The one address for which the proxy itself holds the key, so that the program never has it. */
export interface KeyedUpstream {
  /** Where requests to `{baseUrl}` go, for instance `https://api.anthropic.com`. */
  readonly url: string;
  /** Name of the header that carries the key. */
  readonly header: string;
  /** What stands before the key in that header, for instance `Bearer `. */
  readonly prefix: string;
  /** Name of the worker's variable that holds the key; `null` where none is needed. */
  readonly from: string | null;
}

/** Where a program may connect to; everything else is refused. */
export interface CommandNetwork {
  /** `host:port`, besides the host of `upstream`. */
  readonly hosts: readonly string[];
  readonly upstream: KeyedUpstream | null;
}

/** How a program is asked: everything that a registration settles, complete. */
export interface CommandSettings {
  /** Absolute path of the program inside its sandbox. */
  readonly path: string;
  /** Templates, one for each argument; without `{prompt}` among them the prompt comes by standard input. */
  readonly arguments: readonly string[];
  /** The program's whole environment, besides the few variables that every run has. */
  readonly environment: Readonly<Record<string, EnvironmentValue>>;
  /** Files that are put into the work folder before the program starts: contents by relative path. */
  readonly files: Readonly<Record<string, string>>;
  readonly output: OutputFormat;
  readonly network: CommandNetwork;
  readonly grants: readonly CommandGrant[];
  readonly labels: readonly string[];
  /** Whether it is asked for one word when it is registered, to see what it tells; that costs what a smallest call costs. */
  readonly isDryCalled: boolean;
  /** What the program may use; what is not named is as {@link commandLimits} has it. */
  readonly limits: Partial<SandboxLimits>;
}

/** The provider of agents that are programs and not reached by HTTP. */
export const commandProvider = 'command';

/** Placeholders of arguments. */
export const argumentPlaceholders = [
  'prompt',
  'system',
  'model',
  'baseUrl',
  'workFolder',
  'maxOutputTokens',
] as const;

/** Placeholders of variables and files: what would carry the prompt is not among them. */
export const settingPlaceholders = ['model', 'baseUrl', 'workFolder', 'maxOutputTokens'] as const;

/** Where a program runs and writes, and its home. */
export const workFolder = '/work';

/** Where things of ours are inside; no grant may be there. */
export const ownFolder = '/conclave';

const mib = 1024 * 1024;

/**
 * Longest run, milliseconds. A call may take three times as long: copies are made before, and changes told after, within the
 * same time each. A turn makes up to four calls, two of an agent and two of its fallback; workflows wait for all of them.
 */
export const commandTimeMsMax = 7 * 60_000;

/** What a program may use unless its registration says otherwise: these programs are large and think for minutes. */
export const commandLimits = {
  timeMs: 5 * 60_000,
  processorMs: 5 * 60_000,
  memoryBytes: 2048 * mib,
  processes: 512,
  openFiles: 4096,
  diskBytes: 512 * mib,
  outputBytes: 8 * mib,
} as const satisfies Partial<SandboxLimits>;
