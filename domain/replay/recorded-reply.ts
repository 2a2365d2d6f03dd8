import { leadingKey, mergedChoice } from '../collaboration/ballots.ts';
import type { FactOf, TurnFact } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import type { Choice, Protocol } from '../protocols/protocol.ts';
import { choiceKindOf, optionsOf } from '../protocols/validity.ts';
import { isSameJson } from './same-json.ts';

/** A recorded reply as it counts in a what-if, or why it says nothing there. */
export type Reading<T extends TurnFact = TurnFact> =
  { readonly ok: true; readonly fact: T } | { readonly ok: false; readonly reason: string };

/** Why a call that was cancelled gave no reply. */
export const stillRunning = 'its call was still running when its pass closed';

const ballotNames = {
  single: 'one answer',
  approve: 'a set of approved answers',
  rank: 'a ranking',
  abstain: 'an abstention',
} as const;

/**
 * Reads the recorded end of a seat's turn as it counts under another plan. Only what follows from the reply itself is
 * taken: a ranking tells which answer comes first, but one answer tells no ranking.
 *
 * @param fact - how the turn ended
 * @param now - the what-if, in which the turn is open
 * @param then - the recorded run just before the turn ended
 */
export function readReply(fact: TurnFact, now: RunState, then: RunState): Reading {
  switch (fact.type) {
    case 'position.submitted':
      return readPosition(fact, now, then);
    case 'turn.cancelled':
      return unread(stillRunning);
    case 'turn.refused':
      return wasSparedMoney(now, then)
        ? unread(
            'it was refused for want of budget; here less is spent, so it might have been given',
          )
        : { ok: true, fact };
    case 'critique.submitted':
    case 'turn.abstained':
    case 'answers.grouped':
    case 'question.decomposed':
    case 'judgement.given':
    case 'synthesis.written':
      return { ok: true, fact };
  }
}

function wasSparedMoney(now: RunState, then: RunState): boolean {
  return now.spent.tokens < then.spent.tokens || now.spent.microsUsd < then.spent.microsUsd;
}

function readPosition(
  fact: FactOf<'position.submitted'>,
  now: RunState,
  then: RunState,
): Reading<FactOf<'position.submitted'>> {
  const { protocol } = now.plan;
  const expected = fact.task === 'nomination' ? 'approve' : choiceKindOf(protocol);
  const choice = choiceAs(fact.choice, expected);
  if (choice === undefined) {
    return unread(
      `it names ${ballotNames[fact.choice.kind]}, ${protocol.kind} needs ${ballotNames[expected]}`,
    );
  }
  if (allowsVeto(protocol) && !allowsVeto(then.plan.protocol)) {
    return unread('it was not asked which answers it excludes');
  }
  const offered = amongOptions(choice, now.optionKeys);
  if (offered === undefined) return unread('it names an answer that is not nominated here');
  const { vetoes, ...rest } = fact;
  const kept = vetoes !== undefined && allowsVeto(protocol) ? { vetoes } : {};
  return { ok: true, fact: { ...rest, choice: offered, ...kept } };
}

/** A choice as another kind of ballot, where it tells one. */
function choiceAs(choice: Choice, kind: 'single' | 'approve' | 'rank'): Choice | undefined {
  if (choice.kind === kind || choice.kind === 'abstain') return choice;
  const [first, ...others] = optionsOf(choice);
  const tellsOne = choice.kind === 'rank' || others.length === 0;
  return kind === 'single' && tellsOne && first !== undefined
    ? { kind: 'single', option: first }
    : undefined;
}

/** Leaves out what was not nominated here; nothing is left of a choice of nothing else. One answer needs no nomination. */
function amongOptions(choice: Choice, options: readonly string[]): Choice | undefined {
  if (options.length === 0 || choice.kind === 'abstain' || choice.kind === 'single') return choice;
  const left = choice.options.filter((key) => options.includes(key));
  return left.length === 0 ? undefined : { kind: choice.kind, options: left };
}

function allowsVeto(protocol: Protocol): boolean {
  return protocol.kind === 'quorum' && protocol.veto === true;
}

/**
 * Reads what the chair did as it counts in a what-if: what it judged or compared must be what stands there.
 *
 * @param fact - how the chair's turn ended
 * @param now - the what-if, in which the chair is asked for the same task
 * @param then - the recorded run just before the turn ended
 */
export function readChair(fact: TurnFact, now: RunState, then: RunState): Reading {
  if (fact.type === 'turn.refused') return readReply(fact, now, then);
  if (fact.task === 'grouping') {
    const compared = standingKeys(then);
    return standingKeys(now).every((key) => compared.includes(key))
      ? { ok: true, fact }
      : unread('the chair never compared these answers');
  }
  if (fact.task === 'judgement') {
    return isSameJson(standingKeys(now), standingKeys(then))
      ? { ok: true, fact }
      : unread('the judge never had these answers before it');
  }
  return isSameJson(writtenFrom(now), writtenFrom(then))
    ? { ok: true, fact }
    : unread('the answer was written up from other positions');
}

/** The answers that stand, merged, each once, in order. */
function standingKeys({ standpoints, merges }: RunState): readonly string[] {
  const keys = Object.values(standpoints).flatMap(
    ({ choice }) => leadingKey(mergedChoice(choice, merges)) ?? [],
  );
  return [...new Set(keys)].sort();
}

function writtenFrom({ standpoints, merges, judgement, plan, seats }: RunState): unknown {
  return { standpoints, merges, judgement, protocol: plan.protocol, seats };
}

function unread(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
