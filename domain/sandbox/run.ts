import type { SandboxLimits } from './limits.ts';

/** What kinds of code run: a snippet of JavaScript or TypeScript, a snippet of Python, a command with its arguments. */
export const sandboxLanes = ['javascript', 'python', 'command'] as const;

/** See {@link sandboxLanes}. */
export type SandboxLane = (typeof sandboxLanes)[number];

/**
 * How a run ends. `ok`: exit code 0, or a snippet that came to its end. `error`: the program failed by itself. `timeout`,
 * `memory`, `output`, `disk`, `fuel`: the limit that ended it. `killed`: cancelled, or ended by a signal from
 * outside. `refused`: it never ran, because no backend is there that protects, or a grant is not allowed.
 */
export const sandboxStatuses = [
  'ok',
  'error',
  'timeout',
  'memory',
  'output',
  'disk',
  'fuel',
  'killed',
  'refused',
] as const;

/** See {@link sandboxStatuses}. */
export type SandboxStatus = (typeof sandboxStatuses)[number];

/** How a folder may be granted, from the least to the most; what they mean stands with {@link Grant}. */
export const grantModes = ['read', 'copy', 'write'] as const;

/** A folder of the host that a run may see, at a path of its own. */
export interface Grant {
  /** Absolute path on the host; no component of it is a link. */
  readonly host: string;
  /** Absolute path inside. */
  readonly path: string;
  /**
   * `read`: as it is, without writing. `copy`: a copy of its own that it may change; what it changed is told as the
   * changes of the result, the folder on the host stays as it is. `write`: the folder itself.
   */
  readonly mode: (typeof grantModes)[number];
}

interface AnyRun {
  readonly limits: SandboxLimits;
  readonly grants: readonly Grant[];
  /** The whole environment of the program, besides the few variables that every run has. */
  readonly env: Readonly<Record<string, string>>;
  /** Standard input; for a JavaScript snippet, the text that `input` holds. */
  readonly stdin: string;
  /** Drives everything that is random or tells the time in a JavaScript snippet; other lanes get it as `CONCLAVE_SEED`. */
  readonly seed: string;
}

/** A snippet; its result is the JSON of what it ends with, or of what it gives to `output(value)`. */
export interface SnippetRun extends AnyRun {
  readonly lane: 'javascript' | 'python';
  readonly code: string;
}

/** A command, run in a work folder. */
export interface CommandRun extends AnyRun {
  readonly lane: 'command';
  /** Program and arguments; no shell reads them. */
  readonly argv: readonly string[];
  /** Absolute path inside; `/work` unless given. */
  readonly workFolder: string;
}

/** One run, complete: every limit and setting is there. */
export type SandboxRun = SnippetRun | CommandRun;

/**
 * What parts a run from the machine. `bwrap`: namespaces, a filter of system calls and limits, over the machine's own
 * kernel. `runsc`, `docker`: a kernel of its own (gVisor), by itself or behind Docker. `deny`: nothing runs.
 */
export const sandboxBackends = ['bwrap', 'runsc', 'docker', 'deny'] as const;

/** See {@link sandboxBackends}. */
export type SandboxBackend = (typeof sandboxBackends)[number];

/** What a backend proved by trying, before it took its first run. */
export type ProvenFeature =
  | 'namespaces'
  | 'own-kernel'
  | 'seccomp'
  | 'cgroup'
  | 'private-uid'
  | 'descriptors-closed'
  | 'links-refused'
  | 'overlay';

/** Which backend ran it, and what that backend had proved. */
export interface BackendProof {
  /** `bwrap`, `runsc`, `docker`, or `deny`, which refuses everything. */
  readonly name: string;
  readonly version: string;
  readonly proven: readonly ProvenFeature[];
}

/** A file that a run left in `/artifacts`. */
export interface SandboxFile {
  /** Relative to `/artifacts`, with `/` between folders. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What came of a run. */
export interface SandboxResult {
  readonly status: SandboxStatus;
  /** One sentence for a person: why it ended so; empty for `ok`. */
  readonly reason: string;
  /**
   * As the program gave it, or 128 + n where signal n ended it, as shells count. Null for snippets of JavaScript, for
   * what was refused and for what was ended from outside.
   */
  readonly exitCode: number | null;
  /** What a snippet gave, as JSON text; null for commands and where none came. */
  readonly value: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether output was cut at its limit. */
  readonly isTruncated: boolean;
  /** In units of 10,000 branches; null outside of the JavaScript lane. */
  readonly fuelUsed: number | null;
  /** Null where the backend cannot tell. */
  readonly peakMemoryBytes: number | null;
  readonly durationMs: number;
  /**
   * What a `copy` grant's folder changed, as git's unified diff; null without such a grant, and where more was written
   * than allowed.
   */
  readonly diff: string | null;
  readonly files: readonly SandboxFile[];
  /** What was left in `/artifacts` and not taken along, with why: links, too many, too large. Absent: nothing. */
  readonly filesLeftOut?: readonly string[];
  readonly backend: BackendProof;
}

/** Runs code where it can do no harm. */
export interface Sandbox {
  readonly backend: BackendProof;
  /**
   * Runs it to its end. Never rejects for anything that the code did: that is a status. Many runs at a time are allowed;
   * two with a `write` grant of one folder are not.
   *
   * @param run - what to run
   * @param signal - ends it: within a second it resolves with the status `killed`
   * @throws Error for a fault of the backend itself, after which nothing of the run is left
   */
  run(run: SandboxRun, signal?: AbortSignal): Promise<SandboxResult>;
  /** Ends what runs and what is kept warm; nothing is left of either. A second call does nothing. */
  close(): Promise<void>;
}
