import { leadingKey, mergedChoice } from '../collaboration/ballots.ts';
import type { Decision, DecisionVote, Dissent, Flip } from '../collaboration/decision.ts';
import type { FactOf, Verdict } from '../collaboration/fact.ts';
import { isFlip } from '../collaboration/flip.ts';
import type { Seat } from '../collaboration/plan.ts';
import type { Choice } from '../protocols/protocol.ts';
import { optionsOf } from '../protocols/validity.ts';
import { totalCost } from './cost.ts';
import { analysisReportOf, costsOfParts } from './analysis-report.ts';
import { debateReportOf } from './debate-report.ts';
import { peopleReportOf } from './people-report.ts';
import { costsOf, isPosition, positionInWords } from './run-reading.ts';
import type { RunReading, TurnReading } from './run-reading.ts';

type PositionReading = TurnReading & { readonly fact: FactOf<'position.submitted'> };

/** Longest words that stand in for a key within an explanation, characters. */
const quotedCharactersMax = 120;

/**
 * Tells the decision of a run that was read.
 *
 * @throws Error when no decision was reached yet
 */
export function decisionOf(run: RunReading): Decision {
  const { verdict } = run.state;
  if (verdict === null) throw new Error('events of a run: got no decision.reached');
  const flips = flipsOf(run);
  const debate = debateReportOf(run, {
    verdict,
    flips: flips.length,
    inWords: (explanation) => inWords(run, explanation),
  });
  const people = peopleReportOf(run, verdict);
  const analysis = analysisReportOf(run);
  return {
    kind: verdict.kind,
    answer: answerOf(run, verdict),
    reason: verdict.reason,
    explanation: inWords(run, verdict.explanation),
    // The seats of an analysis vote in its parts.
    votes: analysis === undefined ? run.state.seats.map((seat) => voteOf(run, seat)) : [],
    flips,
    dissent: dissentOf(run, verdict),
    rounds: verdict.rounds,
    stoppedBy: verdict.stoppedBy,
    cost: totalCost(costsOf(run), costsOfParts(run)),
    simulated: run.isSimulated,
    ...(debate === undefined ? {} : { debate }),
    ...(people === undefined ? {} : { people }),
    ...analysis,
  };
}

/** Changes of position between two passes of the same vote, through the groups of equal answers. */
export function flipsOf(run: RunReading): readonly Flip[] {
  return run.state.seats.flatMap(({ seat, agent }) => {
    const held = run.turns.filter(isPosition).filter(({ fact }) => fact.seat === seat);
    return held.flatMap((turn, index) => {
      const before = held[index - 1];
      if (before === undefined || before.fact.task === 'nomination') return [];
      if (!isFlip(before.fact.choice, turn.fact.choice, run.state.merges)) return [];
      const { round, citing } = turn.fact;
      return [{ seat, agent, round, from: spoken(run, before), to: spoken(run, turn), citing }];
    });
  });
}

/** One line for a position: lists by comma, rankings by `>`, the declared abstention as such. */
export function spoken(run: RunReading, turn: PositionReading): string {
  const words = positionInWords(run, turn);
  if (words === null) return 'abstains';
  if (typeof words === 'string') return words;
  return words.join(turn.fact.choice.kind === 'rank' ? ' > ' : ', ');
}

function answerOf(run: RunReading, verdict: Verdict): string | null {
  if (verdict.kind === 'no-decision' || verdict.answer === null) return null;
  // What the chair wrote up is not what a person decided instead.
  const written = verdict.people?.answer === 'edit' ? null : writtenUp(run);
  return written ?? run.wordsOf(verdict.answer);
}

/** The answer as the chair wrote it up; `null` where it wrote none. */
export function writtenUp(run: RunReading): string | null {
  // A fork with more rounds has a second one, of what came after the first.
  const synthesis = run.turns.findLast(({ fact }) => fact.type === 'synthesis.written');
  const written = synthesis?.content ? run.textOf(synthesis.content.answer) : '';
  return written === '' ? null : written;
}

/** Explanations quote keys; a person reads words. */
function inWords(run: RunReading, explanation: string): string {
  return explanation.replaceAll(/"([^"]+)"/g, (_quoted, key: string) => {
    const characters = Array.from(run.wordsOf(key));
    const shown = characters.slice(0, quotedCharactersMax).join('');
    return `"${shown}${characters.length > quotedCharactersMax ? ' …' : ''}"`;
  });
}

function voteOf(run: RunReading, { seat, agent, weight }: Seat): DecisionVote {
  const turn = standingTurn(run, seat);
  if (turn === undefined) {
    const abstained = abstentionOf(run, seat);
    return { seat, agent, weight, choice: null, confidence: null, abstained };
  }
  const { choice, confidence } = turn.fact;
  return {
    seat,
    agent,
    weight,
    choice: positionInWords(run, turn),
    confidence,
    abstained: choice.kind === 'abstain' ? choice.reason : null,
  };
}

/** The turn of the position that a seat holds at the end. */
function standingTurn(run: RunReading, seat: string): PositionReading | undefined {
  const standpoint = run.state.standpoints[seat];
  return run.turns.filter(isPosition).find(({ fact }) => fact.turn === standpoint?.turn);
}

function abstentionOf(run: RunReading, seat: string): string {
  const reasons = run.turns.flatMap(({ fact }): string[] => {
    if (fact.seat !== seat) return [];
    if (fact.type === 'turn.abstained') return [fact.reason];
    if (fact.type === 'turn.refused') return [fact.reason];
    return fact.type === 'turn.cancelled' ? ['cancelled'] : [];
  });
  return reasons.at(-1) ?? 'silent';
}

function dissentOf(run: RunReading, verdict: Verdict): readonly Dissent[] {
  const winner = verdict.answer;
  if (verdict.kind === 'no-decision' || winner === null) return [];
  return run.state.seats.flatMap(({ seat, agent }) => {
    const turn = standingTurn(run, seat);
    if (turn === undefined || isFor(run, turn.fact.choice, winner)) return [];
    const rationale = turn.content === null ? '' : run.textOf(turn.content.rationale);
    return [{ seat, agent, answer: spoken(run, turn), rationale }];
  });
}

/** Whether a ballot supports the winner: names it, or, ranking, puts it first. Abstaining is not losing. */
function isFor(run: RunReading, choice: Choice, winner: string): boolean {
  const merged = mergedChoice(choice, run.state.merges);
  const key = run.state.merges[winner] ?? winner;
  if (merged.kind === 'abstain') return true;
  return merged.kind === 'rank' ? leadingKey(merged) === key : optionsOf(merged).includes(key);
}
