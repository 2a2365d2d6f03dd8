import type { LedgerEvent } from '../ledger/event.ts';
import { askedIn, endIn, runEndStatuses } from './run-fact.ts';
import type { SandboxAsked, SandboxRunEnd } from './run-fact.ts';

/** Where a run stands: waiting for a worker, with one, or how it ended. */
export const sandboxRunStatuses = ['queued', 'running', ...runEndStatuses] as const;

/** See {@link sandboxRunStatuses}. */
export type SandboxRunStatus = (typeof sandboxRunStatuses)[number];

/** What the events of a run say together. Times are RFC 3339. */
export interface SandboxRunState {
  readonly status: SandboxRunStatus;
  readonly requested: SandboxAsked;
  readonly createdAt: string;
  /** When a worker began it first; null until then. */
  readonly startedAt: string | null;
  /** How often it was begun. */
  readonly attempts: number;
  /** Who wanted it ended, and why; null where nobody did. */
  readonly cancelled: { readonly by: string; readonly reason: string; readonly at: string } | null;
  readonly end: SandboxRunEnd | null;
  readonly endedAt: string | null;
}

/**
 * Folds the events of a run.
 *
 * @param events - of its stream, from the first on
 * @returns undefined where no run was asked for
 */
export function readSandboxRun(events: readonly LedgerEvent[]): SandboxRunState | undefined {
  const [first, ...later] = events;
  const requested = first && askedIn(first);
  if (first === undefined || requested === undefined) return undefined;
  return later.reduce(evolve, {
    status: 'queued',
    requested,
    createdAt: first.time,
    startedAt: null,
    attempts: 0,
    cancelled: null,
    end: null,
    endedAt: null,
  });
}

function evolve(state: SandboxRunState, event: LedgerEvent): SandboxRunState {
  // What comes after the end changes nothing: a worker that had not heard of it may have begun once more.
  if (state.end !== null) return state;
  const { type, data, source, time } = event;
  const end = endIn(event);
  if (end !== undefined) return { ...state, status: end.status, end, endedAt: time };
  if (type === 'conclave.sandbox.started.v1') {
    const startedAt = state.startedAt ?? time;
    return { ...state, status: 'running', startedAt, attempts: state.attempts + 1 };
  }
  if (type !== 'conclave.sandbox.cancelled.v1') return state;
  return { ...state, cancelled: { by: source, reason: String(data['reason']), at: time } };
}
