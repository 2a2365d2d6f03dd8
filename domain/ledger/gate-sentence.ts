import type { GateDecision, GateOutcome, GateReason, GateWay } from '../gate/gate-terms.ts';

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

const instead: Readonly<Record<GateWay, string>> = {
  debate: '; nobody can be asked, so it goes on',
  done: '; nobody can be asked, so it ends',
};

/**
 * Tells in one sentence what the gate decided and why, and what was done where a person should have looked.
 *
 * @param decision - what it decided
 * @param isAsked - whether people are asked where it says so
 */
export function gateVerdict(
  decision: Pick<GateDecision, 'outcome' | 'way' | 'reasons'>,
  isAsked: boolean,
): string {
  const { outcome, way, reasons: against } = decision;
  const why = against.map((reason) => reasons[reason]).join(', ');
  const asked = outcome === 'ask' && !isAsked ? instead[way] : '';
  return `Gate: ${outcomes[outcome]}${why === '' ? '' : ` (${why})`}${asked}.`;
}

/**
 * Tells what the gate decided, and the numbers that it saw.
 *
 * @param decision - what it decided
 * @param wordsOf - gives the words of a key
 * @param isAsked - whether people are asked where it says so
 */
export function gateSentence(
  decision: GateDecision,
  wordsOf: (key: string) => string,
  isAsked: boolean,
): string {
  const { leading } = decision.reading;
  const leader = leading === null ? 'nothing leads' : `"${wordsOf(leading)}" leads`;
  return `${gateVerdict(decision, isAsked)} ${leader}: ${gateNumbers(decision)}.`;
}

/**
 * Lists the numbers that the gate saw, for instance `disagreement 0.311 of 1, margin 60 % of the weight, confidence 80 %
 * (stated by 100 % of the leading side), 5 of 5 seats voted`.
 */
export function gateNumbers({ reading }: Pick<GateDecision, 'reading'>): string {
  const { disagreement, margin, confidence, stated, voted, seats } = reading;
  return [
    `disagreement ${disagreement === null ? 'unknown' : `${String(rounded(disagreement, 3))} of 1`}`,
    `margin ${percent(margin)} of the weight`,
    `confidence ${confidence === null ? 'unknown' : percent(confidence)} (stated by ${percent(stated)} of the leading side)`,
    `${String(voted)} of ${String(seats)} seats voted`,
  ].join(', ');
}

function percent(share: number): string {
  return `${String(rounded(share * 100, 1))} %`;
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
