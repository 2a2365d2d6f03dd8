import type { AbstentionReason, TurnCost, TurnFact } from '../../domain/collaboration/fact.ts';
import { withLostCalls, type LostTry } from '../../domain/collaboration/lost-calls.ts';
import { canonicalJson } from '../../domain/ledger/canonical.ts';
import { eventOf } from '../../domain/ledger/event.ts';
import type { NewEvent, TurnContent, TurnOutcome } from '../../domain/ledger/event.ts';
import { noUsage, totalTokens } from '../../domain/providers/usage.ts';
import { eventForm } from './event-form.ts';
import type { GroupCommit, Operation } from './group-commit.ts';
import { turnFactIn } from './stored-event.ts';
import type { Try, TurnKey } from './turn-key.ts';

/** What it takes to settle a turn. */
export interface SettleInput extends TurnKey {
  readonly outcome: TurnOutcome;
  /** The try that this is the end of; `null` where it is the end of none. */
  readonly tried: Try | null;
  readonly time: string;
  readonly source: string;
}

/** What settling came to. */
export type SettleResult =
  /** The turn has ended in this: the outcome, or, where its pass has closed, what it cost; lost calls are told in it. */
  | { readonly kind: 'settled'; readonly fact: TurnFact }
  /** It had ended before, in this fact, which stands. */
  | { readonly kind: 'recorded'; readonly fact: TurnFact }
  /** Somebody else asks for it: nothing was recorded. */
  | { readonly kind: 'taken' }
  /** The run is sealed: nothing was recorded; this is what it would have been. */
  | { readonly kind: 'sealed'; readonly fact: TurnFact };

/** How often a settle looks again because its turn changed between two looks. */
const looksMax = 6;

/** A try that may have been paid and was lost, as the database knows it. */
export type StoredTry = readonly [attempt: number, worker: string, tokens: number, micros: number];

/**
 * Ends a turn, unless it has ended.
 *
 * @param groupCommit - performs the operations
 * @param input - the turn and its outcome
 * @param isForced - whether this ends the turn also where somebody else asks for it
 */
export async function settleTurn(
  groupCommit: GroupCommit,
  input: SettleInput,
  isForced: boolean,
): Promise<SettleResult> {
  let { fact } = input.outcome;
  let lost: readonly StoredTry[] = [];
  for (let look = 0; look < looksMax; look += 1) {
    const told = withLostCalls(fact, lost.map(lostTry), input.tried !== null);
    const operation = settleOperation(input, { fact: told, lost, isForced });
    const result = await groupCommit.perform(input.tenantId, operation);
    switch (result.k) {
      case 'settled':
        return { kind: 'settled', fact: told };
      case 'recorded':
        return recorded(told, turnFactIn(result['event']));
      case 'taken':
        return { kind: 'taken' };
      case 'sealed':
        return { kind: 'sealed', fact: cancelledInstead(told) };
      case 'lost':
        lost = result['lost'] as readonly StoredTry[];
        break;
      case 'closed':
        // The pass closed before the answer came: what it cost still counts, what it says does not.
        fact = cancelledInstead(fact);
        break;
      case undefined:
      default:
        throw new Error(`settling ${input.turn.turn}: got ${String(result.k)}`);
    }
  }
  throw new Error(`turn ${input.turn.turn} of ${input.collaborationId} cannot be settled`);
}

/**
 * Ends a turn whoever asks for it.
 *
 * @param groupCommit - performs the operations
 * @param ending - the turn and its outcome, which is no call's
 * @returns the fact that stands, or would, were the run not sealed
 */
export async function endTurn(
  groupCommit: GroupCommit,
  ending: Omit<SettleInput, 'tried'>,
): Promise<TurnFact> {
  const result = await settleTurn(groupCommit, { ...ending, tried: null }, true);
  if (result.kind === 'taken') throw new Error(`turn ${ending.turn.turn} was not to be left`);
  return result.fact;
}

/** An operation whose answer was lost on the way finds its own fact. */
function recorded(told: TurnFact, stands: TurnFact): SettleResult {
  const isOwn = canonicalJson(told) === canonicalJson(stands);
  return { kind: isOwn ? 'settled' : 'recorded', fact: stands };
}

/** Tells what was reserved for a try. */
export function lostTry([, , tokens, microsUsd]: StoredTry): LostTry {
  return { tokens, microsUsd };
}

function settleOperation(
  input: SettleInput,
  now: {
    readonly fact: TurnFact;
    readonly lost: readonly StoredTry[];
    readonly isForced: boolean;
  },
): Operation {
  const { collaborationId, turn, tried } = input;
  const { fact, lost, isForced } = now;
  const cost = costOf(fact);
  return {
    k: 'settle',
    s: collaborationId,
    turn: turn.turn,
    by: tried === null ? null : [tried.attempt, tried.workerId],
    isForced,
    tokens: cost.charged?.tokens ?? totalTokens(cost.usage),
    micros: cost.charged?.microsUsd ?? cost.microsUsd,
    lost,
    lostTokens: fact.lost?.tokens ?? 0,
    lostMicros: fact.lost?.microsUsd ?? 0,
    isCancelled: fact.type === 'turn.cancelled',
    answered: isAnswer(fact),
    ev: [eventForm(turnEvent(input, fact, input.outcome.content), collaborationId)],
  };
}

function turnEvent(input: SettleInput, fact: TurnFact, content: TurnContent | null): NewEvent {
  return eventOf(fact, {
    id: `${input.collaborationId}/${input.turn.turn}`,
    source: input.source,
    subject: input.turn.turn,
    time: input.time,
    ...(content === null ? {} : { content }),
  });
}

/** Reasons of turns to which no provider gave an answer. */
const unanswered: readonly AbstentionReason[] = ['provider-failed', 'not-permitted'];

/** Whether a turn ended because its provider answered. */
export function isAnswer(fact: TurnFact): boolean {
  if (fact.type === 'turn.abstained') return !unanswered.includes(fact.reason);
  return fact.type !== 'turn.refused' && fact.type !== 'turn.cancelled';
}

function costOf(fact: TurnFact): TurnCost {
  return fact.type === 'turn.refused' ? { usage: noUsage, microsUsd: 0 } : fact;
}

function cancelledInstead(fact: TurnFact): TurnFact {
  const { turn, task, round, seat, lost } = fact;
  const { usage, microsUsd, charged } = costOf(fact);
  return {
    ...{ type: 'turn.cancelled', turn, task, round, seat, usage, microsUsd },
    ...(charged === undefined ? {} : { charged }),
    ...(lost === undefined ? {} : { lost }),
  };
}
