import type { SandboxStatus } from '../../../domain/sandbox/run.ts';

/** What of a run's limits the engine needs. */
export interface EngineLimits {
  readonly timeMs: number;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  /** Bytes that the result may be long, as JSON. */
  readonly valueBytes: number;
  readonly fuel: number;
}

/** Asks for a run; answered by one {@link RunReply} with its id. Body: code, then standard input. */
export interface RunRequest {
  readonly kind: 'run';
  readonly id: number;
  readonly seed: string;
  readonly codeBytes: number;
  readonly limits: EngineLimits;
}

/** Ends a run; it is answered with the status `killed`, unless it had ended. */
export interface CancelRequest {
  readonly kind: 'cancel';
  readonly id: number;
}

/** Said once, when the engine takes runs. */
export interface ReadyNotice {
  readonly kind: 'ready';
}

/** What came of a run. Body: standard output, standard error, value. */
export interface RunReply {
  readonly kind: 'reply';
  readonly id: number;
  readonly status: SandboxStatus;
  readonly reason: string;
  readonly fuelUsed: number;
  readonly peakMemoryBytes: number | null;
  readonly isTruncated: boolean;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** Null where the snippet gave no value. */
  readonly valueBytes: number | null;
}

/** Longest reason, characters. */
export const reasonLengthMax = 2000;
