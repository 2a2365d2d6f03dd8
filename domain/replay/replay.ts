import type { SealedRecord } from '../collaboration/decision.ts';
import type { Fact, FactOf, TurnFact } from '../collaboration/fact.ts';
import { eventsGiven } from '../collaboration/plan.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { factsOf, type Machine } from '../collaboration/step.ts';
import { canonicalJson } from '../ledger/canonical.ts';
import { verifyChain } from '../ledger/chain.ts';
import { differences, shown } from '../ledger/difference.ts';
import { eventOf, type LedgerEvent, type Sha256 } from '../ledger/event.ts';
import { buildRecord } from '../ledger/record.ts';
import type { ResolveText } from '../ledger/run-reading.ts';
import { machines } from '../machines.ts';
import { isDecidedFact, isOfOpenPass, isTaskOfChair, numberedFacts } from './recorded-run.ts';
import type { DecidedFact, NumberedFact } from './recorded-run.ts';

/** The first place in which a replay and the record part. */
export interface ReplayDifference {
  /** Number of the event at which it shows. */
  readonly seq: number;
  /** Place in the event's fact, for instance `verdict.answer`, or in the record, for instance `record.decision.answer`. */
  readonly path: string;
  /** What was recorded; `null` where there is nothing. */
  readonly recorded: unknown;
  /** What the replay comes to; `null` where there is nothing. */
  readonly replayed: unknown;
  /** The same in one sentence. */
  readonly message: string;
}

/** What a replay comes to. */
export type Replay =
  | {
      readonly kind: 'equal';
      /** Events that were replayed. */
      readonly events: number;
      /** Facts among them that the machine decided again; none of those that a fork took over. */
      readonly decided: number;
    }
  | { readonly kind: 'different'; readonly difference: ReplayDifference };

/** Facts after the machine decided again, or where it decided otherwise. */
export type FactsReplay =
  | {
      readonly kind: 'replayed';
      readonly facts: readonly NumberedFact[];
      /** How many of the events were not decided again, see `eventsGiven`. */
      readonly given: number;
    }
  | { readonly kind: 'different'; readonly difference: ReplayDifference };

/** What is replayed. */
export interface ReplaySource {
  readonly events: readonly LedgerEvent[];
  readonly record: SealedRecord;
  readonly resolve: ResolveText;
}

/**
 * Replays a run: its machine gets what seats, people and the clock did, decides everything else again, and the record
 * is built from that. Nothing here can call a model.
 *
 * The chain of the events is checked first, so that a single changed fact is always named.
 *
 * @param source - what is replayed
 * @param source.events - the run's events; those after the record's head are left out
 * @param source.record - its sealed record
 * @param source.resolve - gives texts that are too long for the ledger
 * @param sha256 - computes hashes
 */
export function replay({ events, record, resolve }: ReplaySource, sha256: Sha256): Replay {
  const sealed = events.filter(({ seq }) => seq <= record.head.seq);
  const chain = verifyChain(sealed, sha256);
  if (!chain.ok) {
    const { seq, fault, message } = chain;
    return different({ seq, path: 'chain', recorded: fault, replayed: 'whole', message });
  }
  const facts = replayFacts(numberedFacts(sealed));
  if (facts.kind === 'different') return facts;
  const difference = recordDifference(sealed, facts.facts, { record, resolve }, sha256);
  if (difference !== undefined) return different(difference);
  const decided = facts.facts.filter(
    ({ seq, fact }) => seq > facts.given && isDecidedFact(fact),
  ).length;
  return { kind: 'equal', events: sealed.length, decided };
}

/**
 * Lets the machine of a run decide again all that it decided.
 *
 * A pass may close later than at the first moment at which it could have: answers that were on their way came first.
 * So the machine is asked wherever the ledger says that it decided. What the calls of a closed pass still cost may have
 * been settled a moment before the machine heard of it: it may decide with them or without.
 *
 * What a fork took over is given: its origin decided it, under its own limits and steps of people.
 *
 * @param recorded - the facts in the ledger's order, from the opening on
 */
export function replayFacts(recorded: readonly NumberedFact[]): FactsReplay {
  const [first, ...rest] = recorded;
  if (first?.fact.type !== 'collaboration.opened') {
    return different(
      differenceOf(first?.seq ?? 1, 'type', first?.fact.type, 'collaboration.opened'),
    );
  }
  const walk = openWalk(first.fact);
  const facts: NumberedFact[] = [first];
  const given = eventsGiven(first.fact.plan);
  for (const { seq, fact } of rest) {
    const replayed = seq <= given ? follow(walk, fact) : replayFact(walk, seq, fact);
    if ('path' in replayed) return different(replayed);
    facts.push({ seq, fact: replayed });
  }
  const open = openEnd(walk, seqAfter(recorded));
  return open === undefined ? { kind: 'replayed', facts, given } : different(open);
}

interface Walk {
  readonly machine: Machine<RunState>;
  state: RunState;
  /** Ends of calls that nobody waited for any more. */
  late: readonly Fact[];
}

function openWalk(opened: FactOf<'collaboration.opened'>): Walk {
  const machine = machines[opened.plan.pattern];
  return { machine, state: machine.open(opened), late: [] };
}

function follow(walk: Walk, fact: Fact): Fact {
  walk.state = walk.machine.evolve(walk.state, fact);
  return fact;
}

function replayFact(walk: Walk, seq: number, fact: Fact): Fact | ReplayDifference {
  return isDecidedFact(fact) ? decideAgain(walk, seq, fact) : take(walk, seq, fact);
}

function take(walk: Walk, seq: number, fact: Exclude<Fact, DecidedFact>): Fact | ReplayDifference {
  if ('turn' in fact && !isAsked(walk.state, fact)) {
    if (!isLate(fact)) return differenceOf(seq, 'turn', fact.turn, undefined);
    walk.late = [...walk.late, fact];
    return fact;
  }
  return follow(walk, fact);
}

function isAsked(state: RunState, fact: TurnFact): boolean {
  return fact.seat === state.plan.chair.seat
    ? isTaskOfChair(state.plan, fact.task)
    : isOfOpenPass(state, fact);
}

function isLate({ type }: TurnFact): boolean {
  return type === 'turn.cancelled' || type === 'turn.abstained' || type === 'turn.refused';
}

function decideAgain(walk: Walk, seq: number, recorded: DecidedFact): Fact | ReplayDifference {
  const heard = walk.late.reduce((state, fact) => walk.machine.evolve(state, fact), walk.state);
  const [decided] = factsOf(walk.machine.next(heard));
  const difference = firstDifference(seq, recorded, decided);
  if (difference === undefined) {
    walk.state = walk.machine.evolve(heard, recorded);
    walk.late = [];
    return recorded;
  }
  const [unheard] = factsOf(walk.machine.next(walk.state));
  if (walk.late.length === 0 || firstDifference(seq, recorded, unheard) !== undefined) {
    return difference;
  }
  walk.state = walk.machine.evolve(walk.state, recorded);
  return recorded;
}

/** What the machine would still do where the record ends. */
function openEnd({ machine, state }: Walk, seq: number): ReplayDifference | undefined {
  const step = machine.next(state);
  if (step.kind === 'end') return undefined;
  const replayed = step.kind === 'record' ? step.facts[0]?.type : step.kind;
  return differenceOf(seq, 'type', undefined, replayed);
}

function seqAfter(facts: readonly NumberedFact[]): number {
  return facts.reduce((last, { seq }) => Math.max(last, seq), 0) + 1;
}

function firstDifference(
  seq: number,
  recorded: Fact,
  decided: Fact | undefined,
): ReplayDifference | undefined {
  if (decided === undefined) return differenceOf(seq, 'type', recorded.type, undefined);
  if (decided.type !== recorded.type) {
    return differenceOf(seq, 'type', recorded.type, decided.type);
  }
  const [found] = differences(recorded, decided);
  return found && differenceOf(seq, found.path, found.given, found.expected);
}

const decidedType = 'conclave.decision.reached.v1';

function recordDifference(
  events: readonly LedgerEvent[],
  facts: readonly NumberedFact[],
  { record, resolve }: Pick<ReplaySource, 'record' | 'resolve'>,
  sha256: Sha256,
): ReplayDifference | undefined {
  // Facts that were replayed to their end hold one decision.
  const [decided] = events.filter(({ type }) => type === decidedType);
  const identity = {
    ...record,
    collaborationId: String(decided?.stream),
    sealedAt: String(decided?.time),
  };
  const rebuilt = {
    ...buildRecord({ events: eventsWith(events, facts), resolve }, identity, sha256),
    signature: record.signature,
  };
  // Byte by byte first; where the bytes differ, the place is looked for.
  if (canonicalJson(record) === canonicalJson(rebuilt)) return undefined;
  return differences(record, rebuilt)
    .slice(0, 1)
    .map(({ path, given, expected }) =>
      differenceOf(seqOfPlace(path, record, events), `record.${path}`, given, expected),
    )[0];
}

/** The events as they are, but what the machine decided as it decided it now. */
function eventsWith(
  events: readonly LedgerEvent[],
  facts: readonly NumberedFact[],
): readonly LedgerEvent[] {
  const bySeq = new Map(facts.map(({ seq, fact }) => [seq, fact]));
  return events.map((event) => {
    const fact = bySeq.get(event.seq);
    if (fact === undefined || !isDecidedFact(fact)) return event;
    return { ...event, data: eventOf(fact, { ...event, content: event.data['content'] }).data };
  });
}

/** The event from which a place of the record is made. */
function seqOfPlace(path: string, record: SealedRecord, events: readonly LedgerEvent[]): number {
  if (path.startsWith('head')) return record.head.seq;
  const position = record.positions[Number(/^positions\[(\d+)\]/.exec(path)?.[1])];
  const isOfEnd = path.startsWith('decision') || path === 'sealedAt';
  const source = events.find(({ type, data }) =>
    isOfEnd ? type === decidedType : position !== undefined && data['turn'] === position.turn,
  );
  return source?.seq ?? 1;
}

function differenceOf(
  seq: number,
  path: string,
  recorded: unknown,
  replayed: unknown,
): ReplayDifference {
  const message = `event ${seq}, ${path}: recorded is ${shown(recorded)}, the replay comes to ${shown(replayed)}`;
  return { seq, path, recorded: recorded ?? null, replayed: replayed ?? null, message };
}

function different(difference: ReplayDifference): {
  readonly kind: 'different';
  readonly difference: ReplayDifference;
} {
  return { kind: 'different', difference };
}
