import { fitMap } from '../calibration/confidence-map.ts';
import { questionKindDefault, type QuestionKind } from '../calibration/question-kind.ts';
import {
  accuracyOf,
  sameModelDiscount,
  shareCap,
  weightsByRecord,
} from '../calibration/seat-weights.ts';
import { hitsOf, inOrder, modelKey } from '../calibration/track-record.ts';
import type { ModelName, TrackRecord, TrialCount } from '../calibration/track-record.ts';
import type { Plan, PlanCalibration, Seat, SeatCalibration } from '../collaboration/plan.ts';
import type { CollaborationRequest } from '../collaboration/request.ts';
import { canonicalJson } from '../ledger/canonical.ts';
import type { Sha256 } from '../ledger/event.ts';
import { isByRecord } from '../protocols/validity.ts';
import { usualProtocol } from './default-protocol.ts';
import { isGateWanted } from './gating.ts';
import { thoroughnessDefault } from './settings.ts';

/** What a tenant knows of its models, and how to name that knowledge. */
export interface KnownRecords {
  /** A model that is not among them has no record. */
  readonly records: readonly TrackRecord[];
  readonly sha256: Sha256;
}

/** Changes when the same records would give other weights or maps. */
const method = 'record-2';

/** Version of a calibration that was made without asking for records. */
export const unknownVersion = 'none';

const decimals = 1e6;

/**
 * Tells whether a plan for a request may need the records of its models: to choose the panel, to weigh votes, or
 * for its gate to read confidences.
 */
export function needsRecords(request: RecordUse): boolean {
  const { pattern, protocol, thoroughness = thoroughnessDefault, options = [] } = request;
  return (
    request.participants === undefined ||
    isByRecord(protocol ?? usualProtocol(request)) ||
    isGateWanted({ pattern, thoroughness, optionKeys: options }, request.gate)
  );
}

type RecordUse = Pick<
  CollaborationRequest,
  'pattern' | 'protocol' | 'thoroughness' | 'gate' | 'options' | 'participants'
>;

/**
 * Gives a plan what the records of its models say where that decides anything: weights under a protocol that takes them
 * by record, and how confidences are to be read where there is a gate.
 *
 * @param plan - with its seats, kind of question, tolerated faults and gate
 * @param known - records; nothing is known of any model without
 */
export function withRecords(plan: Plan, known?: KnownRecords): Plan {
  if (isByRecord(plan.protocol)) return weighedByRecord(plan, known);
  return plan.gate ? { ...plan, calibration: calibrationOf(plan, known) } : plan;
}

/**
 * Gives the seats of a plan the weights that the records of their models earn, and keeps with them how each seat's
 * confidence is to be read.
 *
 * Personas and names of agents count for nothing: seats of one model have one weight.
 *
 * @param plan - with its seats, kind of question and tolerated faults
 * @param known - records; nothing is known of any model without
 */
export function weighedByRecord(plan: Plan, known?: KnownRecords): Plan {
  const read = seatReadings(plan, known);
  const weighed = weightsByRecord(
    read.map(({ seat, calibration }) => ({
      seat,
      modelKey: keyOf(seat),
      accuracy: calibration.accuracy,
    })),
    { toleratedFaults: plan.toleratedFaults, options: Math.max(2, plan.optionKeys.length) },
  );
  return {
    ...plan,
    seats: weighed.map(({ seat, weight }) => ({ ...seat, weight })),
    calibration: calibrationOf(plan, known, read),
  };
}

/**
 * Tells how the confidence of each seat is to be read, by the records of their models.
 *
 * @param plan - with its seats, kind of question and tolerated faults
 * @param known - records; nothing is known of any model without
 * @param read - what they say of each seat, where that was found out already
 */
export function calibrationOf(
  plan: Plan,
  known?: KnownRecords,
  read: readonly SeatReading[] = seatReadings(plan, known),
): PlanCalibration {
  const { seats, questionKind: kind = questionKindDefault, toleratedFaults } = plan;
  const keys = seats.map(keyOf);
  const used = (known?.records ?? []).filter((record) => keys.includes(modelKey(record)));
  const basis = canonicalJson({ method, kind, records: inOrder(used) });
  return {
    version: known === undefined ? unknownVersion : known.sha256(basis),
    shareCap: rounded(shareCap(seats.length, toleratedFaults)),
    seats: Object.fromEntries(read.map(({ seat, calibration }) => [seat.seat, calibration])),
  };
}

/**
 * Weighs a seat that joins a run whose weights come from records: as much as the mean, or as the seats of its model that
 * are there already, less for there being one more of them. Its record is not asked: what is decided was decided before
 * the run began.
 *
 * @param joining - the seat that joins
 * @param seats - those that are there
 */
export function weightOfJoining(joining: Seat, seats: readonly Seat[]): number {
  const alike = seats.filter((seat) => keyOf(seat) === keyOf(joining));
  if (alike.length === 0) return 1;
  const mean = alike.reduce((sum, { weight }) => sum + weight, 0) / alike.length;
  const discount = sameModelDiscount(alike.length + 1) / sameModelDiscount(alike.length);
  return rounded(mean * discount);
}

/** What the record of its model says of a seat. */
interface SeatReading {
  readonly seat: Seat;
  readonly calibration: SeatCalibration;
}

function seatReadings(
  { seats, questionKind: kind = questionKindDefault }: Plan,
  known: KnownRecords | undefined,
): readonly SeatReading[] {
  const records = new Map(
    (known?.records ?? []).map((record) => [modelKey(record), record.counts]),
  );
  return seats.map((seat) => {
    const counts = records.get(keyOf(seat)) ?? [];
    return { seat, calibration: readingOf(counts, kind) };
  });
}

function readingOf(counts: readonly TrialCount[], kind: QuestionKind): SeatCalibration {
  return {
    ...fitMap(counts, kind),
    accuracy: rounded(accuracyOf(counts, kind)),
    trials: {
      kind: trialsIn(counts.filter((count) => count.kind === kind)),
      all: trialsIn(counts),
    },
  };
}

function trialsIn(counts: readonly TrialCount[]): number {
  const { right, wrong } = hitsOf(counts);
  return right + wrong;
}

/**
 * Tells how often a model is expected to be right about a kind of question.
 *
 * @param model - by what it is
 * @param kind - what the question is about
 * @param known - records; nothing is known of any model without
 */
export function expectedAccuracy(
  model: ModelName & { readonly simulated: boolean },
  kind: QuestionKind,
  known?: KnownRecords,
): number {
  const record = known?.records.find((one) => modelKey(one) === modelKey(model));
  return accuracyOf(record?.counts ?? [], kind);
}

/** A seat of a plan that did not name models yet stands for itself. */
function keyOf({ agent, model, simulated }: Seat): string {
  return modelKey({ ...(model ?? { provider: '', model: agent }), simulated });
}

function rounded(value: number): number {
  return Math.round(value * decimals) / decimals;
}
