import type { FactType } from '../collaboration/fact.ts';
import { sandboxEventTypes } from '../sandbox/run-fact.ts';
import type { EventType } from './event.ts';

/** A fact that is missing here is a fault of types, so that the list is whole. */
const factTypes = {
  'collaboration.opened': true,
  'round.opened': true,
  'position.submitted': true,
  'critique.submitted': true,
  'turn.abstained': true,
  'turn.cancelled': true,
  'turn.refused': true,
  'round.closed': true,
  'answers.grouped': true,
  'judgement.given': true,
  'synthesis.written': true,
  'threshold.reached': true,
  'collaboration.paused': true,
  'collaboration.resumed': true,
  'collaboration.cancelled': true,
  'closing.requested': true,
  'deadline.passed': true,
  'participant.added': true,
  'message.added': true,
  'budget.raised': true,
  'gate.decided': true,
  'approval.requested': true,
  'approval.answered': true,
  'approval.expired': true,
  'approval.withdrawn': true,
  'question.decomposed': true,
  'part.opened': true,
  'part.ended': true,
  'decision.reached': true,
} as const satisfies Readonly<Record<FactType, true>>;

/** Every type of event that a ledger can hold. */
export const eventTypes: readonly EventType[] = [
  ...(Object.keys(factTypes) as FactType[]).map((type) => `conclave.${type}.v1` as const),
  'conclave.decision.sealed.v1',
  ...sandboxEventTypes,
];
