import type { FinishReason } from '../providers/model-connector.ts';
import { unknownUsage, type Usage } from '../providers/usage.ts';
import type { SandboxResult } from '../sandbox/run.ts';

/** What a program left behind, as the sandbox tells it. */
export type CommandOutput = Pick<
  SandboxResult,
  'status' | 'reason' | 'exitCode' | 'stdout' | 'stderr' | 'isTruncated'
>;

/** What a program says that it used; what it does not say is `null`, never 0. */
export interface ReportedCost {
  readonly usage: Usage;
  /** Whole micro-dollars by the program's own reckoning; `null` where it says none. */
  readonly costMicrosUsd: number | null;
}

/** A program's answer, taken out of its output. Nothing in it is judged here. */
export interface CommandReply extends ReportedCost {
  readonly kind: 'answered';
  /** At least one character that is no space; for a refusal, whatever the program says of it. */
  readonly text: string;
  readonly finish: FinishReason;
  /** The model that the program names; `null` where it names none, or several. */
  readonly model: string | null;
}

/**
 * Why a program gave no answer. `time-limit`, `memory-limit`, `disk-limit`, `output-limit`: the limit that ended it.
 * `cancelled`: somebody stopped it. `refused`: it never ran. `exit-code`: it failed and said nothing readable about it.
 * `ended-by-signal`: it crashed or was killed from outside. `asked-question`: it waits for a person, and none is there.
 * `no-output`: nothing came. `half-output`: its output breaks off. `unreadable-output`: its output has another shape than was
 * agreed. `no-answer`: the shape is right and holds no answer. `reported-error`: it says itself that it failed.
 */
export const commandFailureReasons = [
  'time-limit',
  'memory-limit',
  'disk-limit',
  'output-limit',
  'cancelled',
  'refused',
  'exit-code',
  'ended-by-signal',
  'asked-question',
  'no-output',
  'half-output',
  'unreadable-output',
  'no-answer',
  'reported-error',
] as const;

/** See {@link commandFailureReasons}. */
export type CommandFailureReason = (typeof commandFailureReasons)[number];

/** A run of a program that gave no answer. */
export interface CommandFailure extends ReportedCost {
  readonly kind: 'failed';
  readonly reason: CommandFailureReason;
  /** For people. Holds nothing that the program wrote, which may quote the prompt or a key. */
  readonly message: string;
  /** The HTTP status that the program's provider answered, where the program tells; `null` otherwise. */
  readonly httpStatus: number | null;
  /** Whether the program's own words sound as if another try may go better: a lost connection, an overload. */
  readonly isPassing: boolean;
  /** `null` where the program did not end by itself. */
  readonly exitCode: number | null;
}

/** What a run of a program came to. */
export type CommandOutcome = CommandReply | CommandFailure;

/** What is known of a program of which nothing is known. */
export const unknownCost: ReportedCost = { usage: unknownUsage, costMicrosUsd: null };

/**
 * Makes a failure.
 *
 * @param reason - see {@link commandFailureReasons}
 * @param message - for people, in our own words
 * @param known - what else is known about it
 */
export function commandFailure(
  reason: CommandFailureReason,
  message: string,
  known: Partial<Omit<CommandFailure, 'kind' | 'reason' | 'message'>> = {},
): CommandFailure {
  return {
    kind: 'failed',
    reason,
    message,
    httpStatus: null,
    isPassing: false,
    exitCode: null,
    ...unknownCost,
    ...known,
  };
}
