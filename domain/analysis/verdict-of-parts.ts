import type { StopReason, Verdict } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import {
  cancelledVerdict,
  decidedFor,
  noDecision,
  withoutAnswers,
} from '../collaboration/stepping.ts';
import { endInWords } from './part-sentences.ts';
import { answeredParts } from './parts.ts';

/** Key of an answer that is the list of the parts' answers, where nobody wrote a whole one. */
export const listOfAnswers = 'parts';

/** An analysis has no rounds. */
const rounds = 0;

/**
 * Says what an analysis came to, once its parts have ended: what the chair wrote; or the answer of the only part that has
 * one, by the part's name; or the list of all of them.
 *
 * @param state - the run
 * @param stoppedBy - why it asks no more
 */
export function verdictOfParts(state: RunState, stoppedBy: StopReason): Verdict {
  const cancelled = cancelledVerdict(state, rounds);
  if (cancelled !== null) return cancelled;
  const answer = answerKeyOf(state);
  const ended = { stoppedBy, rounds, explanation: explanationOf(state) };
  return answer === null ? noDecision(withoutAnswers(stoppedBy), ended) : decidedFor(answer, ended);
}

function answerKeyOf({ parts, synthesised }: RunState): string | null {
  if (synthesised !== undefined) return synthesised.key;
  const [first, ...others] = answeredParts(parts);
  if (first === undefined) return null;
  return others.length === 0 ? first.part : listOfAnswers;
}

function explanationOf({ parts, synthesised }: RunState): string {
  if (parts === undefined) return 'the question was not cut into parts';
  const all = Object.values(parts);
  const answered = answeredParts(parts).length;
  const without = all.flatMap(({ end }) =>
    end === null || end.ending === 'answered' ? [] : [endInWords(end)],
  );
  const contradictions = synthesised?.contradictions.length ?? 0;
  return [
    `${answered} of ${all.length} ${all.length === 1 ? 'part' : 'parts'} answered`,
    ...without,
    ...(contradictions === 0 ? [] : [contradictionsInWords(contradictions)]),
    ...(answered > 1 && synthesised === undefined ? ['no synthesis was written'] : []),
  ].join('; ');
}

function contradictionsInWords(count: number): string {
  return count === 1 ? '1 contradiction between parts' : `${count} contradictions between parts`;
}
