import type { BackendProof, SandboxStatus } from '../sandbox/run.ts';
import type { CommandGrant } from './command-settings.ts';

/** What went between a program and one host, as its proxy counted it. No content, no path, no header. */
export interface HostTraffic {
  /** `host:port`. */
  readonly host: string;
  readonly isAllowed: boolean;
  readonly requests: number;
  /** From the program to the host. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** How a program was run, for the record: what it was allowed, what it used, how it ended. Holds nothing that it wrote. */
export interface CommandRecord {
  readonly backend: BackendProof;
  readonly status: SandboxStatus;
  readonly exitCode: number | null;
  readonly durationMs: number;
  readonly peakMemoryBytes: number | null;
  /** What a person granted it besides its work folder. */
  readonly grants: readonly CommandGrant[];
  /** Where it might go, each `host:port`, its upstream among them. */
  readonly hosts: readonly string[];
  /** Names of the worker's variables whose values it was given. */
  readonly grantedVariables: readonly string[];
  readonly traffic: readonly HostTraffic[];
}

/** A program's run: its record, and what it printed, with the values of granted variables blotted out. */
export interface CommandTrace {
  readonly record: CommandRecord;
  readonly stdout: string;
  readonly stderr: string;
}
