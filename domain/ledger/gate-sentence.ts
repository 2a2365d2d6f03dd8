import type { GateDecision, GateOutcome, GateReason } from '../gate/gate-terms.ts';

const outcomes: Readonly<Record<GateOutcome, string>> = {
  done: 'the blind vote is enough',
  debate: 'a debate can pay',
  ask: 'a person should look',
};

const reasons: Readonly<Record<GateReason, string>> = {
  undecided: 'the protocol gives no decision',
  'unheard-seat': 'a seat joined that was not heard',
  disagreement: 'the votes are spread',
  margin: 'the lead is small',
  confidence: 'the leading side is not sure enough',
  'confidence-unknown': 'it is unknown how sure the leading side is',
};

/**
 * Tells in one sentence what the gate saw and decided.
 *
 * @param decision - what it decided
 * @param wordsOf - gives the words of a key
 */
export function gateSentence(decision: GateDecision, wordsOf: (key: string) => string): string {
  const { outcome, way, reading } = decision;
  const why = decision.reasons.map((reason) => reasons[reason]).join(', ');
  const instead =
    outcome === 'ask' && way === 'debate' ? '; nobody can be asked, so it goes on' : '';
  const ended = outcome === 'ask' && way === 'done' ? '; nobody can be asked, so it ends' : '';
  const leading =
    reading.leading === null ? 'nothing leads' : `"${wordsOf(reading.leading)}" leads`;
  return `Gate: ${outcomes[outcome]}${why === '' ? '' : ` (${why})`}${instead}${ended}. ${leading}: ${gateNumbers(decision)}.`;
}

/** Lists the numbers that the gate saw, for instance `disagreement 0.31, margin 0.6, confidence 0.8 of 1, 5 of 5 seats voted`. */
export function gateNumbers({ reading }: Pick<GateDecision, 'reading'>): string {
  const { disagreement, margin, confidence, stated, voted, seats } = reading;
  const known = (value: number | null): string => (value === null ? 'unknown' : String(value));
  return [
    `disagreement ${known(disagreement)}`,
    `margin ${String(margin)}`,
    `confidence ${known(confidence)} (stated by ${String(stated)} of the leading side)`,
    `${String(voted)} of ${String(seats)} seats voted`,
  ].join(', ');
}
