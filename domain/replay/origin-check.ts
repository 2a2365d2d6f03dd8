import type { SealedRecord } from '../collaboration/decision.ts';
import type { Origin, Plan } from '../collaboration/plan.ts';
import { verifyChain } from '../ledger/chain.ts';
import { differences, shown } from '../ledger/difference.ts';
import type { LedgerEvent, Sha256 } from '../ledger/event.ts';
import { ledgerEventSchema } from '../ledger/record-schema.ts';
import type { Finding } from '../ledger/verification.ts';
import { changeableFields } from './fork.ts';
import { keptId, takeOver } from './taking-over.ts';

/** A fork, and the events of the run from which it says that it comes. */
export interface OriginEvidence {
  /** The fork's record; it holds. */
  readonly record: SealedRecord;
  /** The fork's events; they bear the record out. */
  readonly events: readonly LedgerEvent[];
  /** The origin's events, as read from JSON. */
  readonly origin: readonly unknown[];
}

/**
 * Holds what a fork took over against its origin: the origin's chain up to the event that the plan names by its hash,
 * and every event taken over, equal but for what a fork may change: costs, names, times, and some fields of the plan.
 *
 * @param evidence - the fork, verified, and its origin
 * @param sha256 - computes hashes
 * @returns one finding that says all is well, or everything that is not
 */
export function originFindings(evidence: OriginEvidence, sha256: Sha256): readonly Finding[] {
  const { origin } = evidence.record.plan as Plan;
  if (origin === undefined) {
    return [failed('the record is of no fork: its plan names no origin')];
  }
  const shapes = evidence.origin.map((event) => ledgerEventSchema.safeParse(event));
  const misshapen = shapes.findIndex(({ success }) => !success);
  if (misshapen !== -1) return [failed(`event at ${misshapen + 1} of the origin is none`)];
  const until = (evidence.origin as readonly LedgerEvent[]).filter(({ seq }) => seq <= origin.seq);
  const fault = chainFault(origin, until, sha256);
  if (fault !== undefined) return [failed(fault)];
  const faults = takenFaults(origin, until, evidence.events);
  if (faults.length > 0) return faults.map(failed);
  const { collaborationId, seq, events } = origin;
  return [
    {
      ok: true,
      check: 'origin',
      message: `${events} events are those of ${collaborationId} up to event ${seq}, at no cost`,
    },
  ];
}

function chainFault(
  { collaborationId, seq, hash }: Origin,
  until: readonly LedgerEvent[],
  sha256: Sha256,
): string | undefined {
  const chain = verifyChain(until, sha256);
  if (!chain.ok) return `the origin's chain does not hold: ${chain.message}`;
  const head = until.at(-1);
  if (head?.seq !== seq) {
    return `the fork goes on from event ${seq}, the origin's events end at ${head?.seq ?? 0}`;
  }
  if (head.stream !== collaborationId) {
    return `the fork comes from ${collaborationId}, these events are of ${head.stream}`;
  }
  if (head.hash === hash) return undefined;
  return `event ${seq} of the origin should have the hash ${hash}, it has ${head.hash}`;
}

function takenFaults(
  origin: Origin,
  until: readonly LedgerEvent[],
  events: readonly LedgerEvent[],
): readonly string[] {
  const taken = events.slice(0, origin.events);
  const [first] = taken;
  const to = { collaborationId: first?.stream ?? '', time: first?.time ?? '' };
  const expected = takeOver(until, to);
  const expectedBefore = takeOver(until, to, keptId);
  if (expected.length !== taken.length) {
    return [`the fork took ${taken.length} events over, its origin has ${expected.length} of them`];
  }
  return taken.flatMap((event, index) => {
    const { id, type, source, subject, time, data } = event;
    const before = expectedBefore[index];
    const had = before?.id === id ? before : expected[index];
    return differences({ id, type, source, subject, time, data }, had)
      .filter(({ path }) => index > 0 || !isChangeable(path))
      .map(
        ({ path, given, expected: told }) =>
          `event ${event.seq}, ${path}: the fork has ${shown(given)}, its origin ${shown(told)}`,
      );
  });
}

/** The opening holds the fork's own plan. */
function isChangeable(path: string): boolean {
  return changeableFields.some(
    (field) => path === `data.plan.${field}` || path.startsWith(`data.plan.${field}.`),
  );
}

function failed(message: string): Finding {
  return { ok: false, check: 'origin', message };
}
