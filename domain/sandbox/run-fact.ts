import type { EventAbout, NewEvent } from '../ledger/event.ts';
import type { SandboxLimits } from './limits.ts';
import { sandboxStatuses } from './run.ts';
import type { BackendProof, SandboxLane } from './run.ts';
import type { FolderGrant } from './run-request.ts';

/** Bytes in the artifact store, by their SHA-256. */
export interface KeptBytes {
  readonly artifact: string;
  readonly bytes: number;
}

/** A file that a run left, as it is kept. */
export interface KeptFile extends KeptBytes {
  readonly path: string;
}

/** How a run ends, as it is recorded: `failed` says that no try came to a result, for a fault that is not the code's. */
export const runEndStatuses = [...sandboxStatuses, 'failed'] as const;

/** See {@link runEndStatuses}. */
export type RunEndStatus = (typeof runEndStatuses)[number];

/** What came of a run, without a byte of what it said. */
export interface SandboxRunEnd {
  readonly status: RunEndStatus;
  /** One sentence for a person; empty for `ok`. */
  readonly reason: string;
  readonly exitCode: number | null;
  /** JSON that a snippet gave; null where none came. */
  readonly value: KeptBytes | null;
  /** Null where nothing was written. */
  readonly stdout: KeptBytes | null;
  readonly stderr: KeptBytes | null;
  /** Null without a `copy` grant, and where nothing was changed. */
  readonly diff: KeptBytes | null;
  readonly files: readonly KeptFile[];
  /** What was left in `/artifacts` and not kept, with why. */
  readonly filesLeftOut: readonly string[];
  readonly isTruncated: boolean;
  readonly fuelUsed: number | null;
  readonly peakMemoryBytes: number | null;
  readonly durationMs: number;
  /** Null where no backend was asked. */
  readonly backend: BackendProof | null;
}

/** What happens to a run in a sandbox, in this order; `cancelled` and `started` may be left out. */
export type SandboxFact =
  /** Somebody asked for it; the first of its stream. */
  | {
      readonly type: 'sandbox.requested';
      readonly lane: SandboxLane;
      /** The whole request. */
      readonly request: KeptBytes;
      /** SHA-256 of what was asked for, without a seed that was drawn: the same request has the same. */
      readonly requestSha256: string;
      readonly limits: SandboxLimits;
      readonly grants: readonly FolderGrant[];
      readonly seed: string;
    }
  /** A worker began it; once more where the worker before died. */
  | {
      readonly type: 'sandbox.started';
      /** 1, 2, … */
      readonly attempt: number;
      readonly worker: string;
    }
  /** Somebody wants it ended; `ended` follows. */
  | { readonly type: 'sandbox.cancelled'; readonly reason: string }
  /** It is over; the last of its stream. */
  | ({ readonly type: 'sandbox.ended' } & SandboxRunEnd);

/** What was asked for, as its event says it. */
export type SandboxAsked = Omit<Extract<SandboxFact, { type: 'sandbox.requested' }>, 'type'>;

/** Names of {@link SandboxFact}s. */
export type SandboxFactType = SandboxFact['type'];

/** Types of the events of runs in a sandbox. */
export type SandboxEventType = `conclave.${SandboxFactType}.v1`;

/** Every {@link SandboxEventType}, in the order in which they come. */
export const sandboxEventTypes: readonly SandboxEventType[] = [
  'conclave.sandbox.requested.v1',
  'conclave.sandbox.started.v1',
  'conclave.sandbox.cancelled.v1',
  'conclave.sandbox.ended.v1',
];

/** Tells the events of runs in a sandbox from those of collaborations. */
export function isSandboxEvent(type: NewEvent['type']): type is SandboxEventType {
  return (sandboxEventTypes as readonly string[]).includes(type);
}

/** Gives the id of the event that ends a run's stream. */
export function sandboxEndId(runId: string): string {
  return idOf(runId, { type: 'sandbox.ended' });
}

/** Every fact comes once to a run, but the start, which comes once to each try. */
function idOf(
  runId: string,
  fact:
    | Pick<Extract<SandboxFact, { type: 'sandbox.started' }>, 'type' | 'attempt'>
    | { readonly type: Exclude<SandboxFactType, 'sandbox.started'> },
): string {
  const kind = fact.type.slice('sandbox.'.length);
  const step = fact.type === 'sandbox.started' ? `${kind}-${String(fact.attempt)}` : kind;
  return `${runId}/${step}`;
}

/**
 * Makes the event of a fact. Its id is derived from the fact, so that whoever records the same kind of fact second is
 * answered the first: a run has one request, one cancellation and one end.
 *
 * @param fact - what happened
 * @param about - which run, who caused it and when
 * @param about.runId - which run
 * @param about.source - who caused it
 * @param about.time - when
 */
export function sandboxEvent(
  fact: SandboxFact,
  { runId, source, time }: { readonly runId: string } & Pick<EventAbout, 'source' | 'time'>,
): NewEvent {
  const { type, ...data } = fact;
  return {
    id: idOf(runId, fact),
    type: `conclave.${type}.v1`,
    source,
    subject: runId,
    time,
    data,
  };
}

/**
 * Reads what was asked for out of the first event of a run.
 *
 * @returns undefined for an event of something else
 */
export function askedIn({ type, data }: Pick<NewEvent, 'type' | 'data'>): SandboxAsked | undefined {
  return type === 'conclave.sandbox.requested.v1' ? (data as unknown as SandboxAsked) : undefined;
}

/**
 * Reads what came of a run out of its last event.
 *
 * @returns undefined for an event of something else
 */
export function endIn({ type, data }: Pick<NewEvent, 'type' | 'data'>): SandboxRunEnd | undefined {
  return type === 'conclave.sandbox.ended.v1' ? (data as unknown as SandboxRunEnd) : undefined;
}

/**
 * The end of a run that never came to a result.
 *
 * @param status - why
 * @param reason - in words
 */
export function withoutResult(status: SandboxRunEnd['status'], reason: string): SandboxRunEnd {
  return {
    status,
    reason,
    exitCode: null,
    value: null,
    stdout: null,
    stderr: null,
    diff: null,
    files: [],
    filesLeftOut: [],
    isTruncated: false,
    fuelUsed: null,
    peakMemoryBytes: null,
    durationMs: 0,
    backend: null,
  };
}
