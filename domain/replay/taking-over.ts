import type { ApprovalFact } from '../approvals/approvals.ts';
import type { Fact, FactType } from '../collaboration/fact.ts';
import { eventOf, factOf, type LedgerEvent, type NewEvent } from '../ledger/event.ts';
import { isPaid } from '../ledger/run-reading.ts';
import { noUsage } from '../providers/usage.ts';

/**
 * Which facts a fork takes over. Left behind is what ended or held the origin, and what tells of its money: thresholds,
 * limits, refusals, pauses, closings, the deadline. Of approvals see {@link isAskedAnew}. Every new fact has to be put here.
 */
const isTakenOver: Readonly<Record<FactType, boolean>> = {
  'collaboration.opened': true,
  'round.opened': true,
  'round.closed': true,
  'position.submitted': true,
  'critique.submitted': true,
  'turn.abstained': true,
  'turn.cancelled': true,
  'answers.grouped': true,
  'judgement.given': true,
  'synthesis.written': true,
  'question.decomposed': false,
  'part.opened': false,
  'part.ended': false,
  'gate.decided': true,
  'participant.added': true,
  'message.added': true,
  'approval.requested': true,
  'approval.answered': true,
  'approval.expired': true,
  'approval.withdrawn': false,
  'turn.refused': false,
  'threshold.reached': false,
  'collaboration.paused': false,
  'collaboration.resumed': false,
  'collaboration.cancelled': false,
  'closing.requested': false,
  'deadline.passed': false,
  'budget.raised': false,
  'decision.reached': false,
};

/** Where events are taken over to. */
export interface TakingOver {
  /** The fork's id. */
  readonly collaborationId: string;
  /** The moment at which it forked off: RFC 3339, UTC, milliseconds. */
  readonly time: string;
}

/** Gives the id of an event that is taken over, as long as it names the origin. */
type NameTaken = (event: Pick<LedgerEvent, 'id' | 'seq'>) => string;

/**
 * Names an event that is taken over. What somebody asked of the origin under a key of their own is named by its number:
 * the same key may ask something of the fork.
 */
const takenId: NameTaken = ({ id, seq }) =>
  id.replace(/\/(?:update|taken)-.*$/, `/taken-${String(seq)}`);

/** Names an event as forks did that were made before: with the keys that were given to the origin. */
export const keptId: NameTaken = ({ id }) => id;

/**
 * Makes the events with which a fork begins, out of those of its origin. Everything that names the origin names the fork
 * instead, and turns have cost nothing: their facts say which event of the origin was paid for.
 *
 * @param events - the origin's stream from its first event up to the point at which the fork goes on
 * @param to - the fork
 * @param idOf - names them
 */
export function takeOver(
  events: readonly LedgerEvent[],
  to: TakingOver,
  idOf: NameTaken = takenId,
): readonly NewEvent[] {
  const lastPassAt = events.findLast(({ type }) => type === 'conclave.round.opened.v1')?.seq ?? 0;
  return events.flatMap((event): NewEvent[] => {
    const fact = factOf(event);
    if (fact === undefined || !isTakenOver[fact.type]) return [];
    if ('approval' in fact && event.seq > lastPassAt && isAskedAnew(fact)) return [];
    const renamed = (text: string): string => text.replaceAll(event.stream, to.collaborationId);
    const about = {
      id: renamed(idOf(event)),
      source: renamed(event.source),
      subject: renamed(event.subject),
      time: to.time,
      content: event.data['content'],
    };
    return [eventOf(atNoCost(fact, event.seq), about)];
  });
}

/**
 * Whether an approval after which no pass was opened is left behind, so that the fork asks it again: its answer may have
 * ended the origin. What was asked at the start is no decision: answers to it are part of what the seats read, and what was
 * not answered yet is waited for.
 */
function isAskedAnew({ approval }: ApprovalFact): boolean {
  return !approval.startsWith('question-');
}

/** What a turn may have cost beside its usage. */
const costFields: readonly string[] = ['charged', 'lost'];

function atNoCost(fact: Fact, seq: number): Fact {
  if (!('turn' in fact) || !isPaid(fact)) return fact;
  const entries = Object.entries(fact).filter(([name]) => !costFields.includes(name));
  const rest = Object.fromEntries(entries) as unknown as typeof fact;
  return { ...rest, usage: noUsage, microsUsd: 0, reused: seq };
}
