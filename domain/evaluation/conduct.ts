import { questionKindDefault } from '../calibration/question-kind.ts';
import { leadingKey } from '../collaboration/ballots.ts';
import type { TurnCost, TurnFact, TurnRef } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import type { Choice } from '../protocols/protocol.ts';
import { choiceKindOf } from '../protocols/validity.ts';
import { shuffled, type Question, type Seated } from './question.ts';
import type { Random } from './random.ts';

/** Below this confidence a member approves its second choice, too. */
const approvesAlone = 0.6;

/** What liars and only they are as sure as. */
const lyingConfidence = 0.99;

/** Who answers which question. */
export interface Answering {
  readonly seated: Seated;
  readonly question: Question;
}

/** A ranking of the options with the confidence in its first. */
interface Mind {
  readonly ranking: readonly string[];
  readonly confidence: number;
}

/**
 * Gives the fact in which a simulated member's turn ends.
 *
 * In the first pass it says what it thinks. Later it sees what the others held at the end of the pass before, and may
 * follow the most held answer or be convinced by another, as the scenario's reactions say.
 *
 * @param turn - what it is asked
 * @param state - the run as it stands; only closed passes are looked at
 * @param answering - who answers which question
 */
export function answerOf(turn: TurnRef, state: RunState, answering: Answering): TurnFact {
  const { seated, question } = answering;
  const cost = costOf(state, question);
  if (seated.member.fault === 'silent') {
    return { type: 'turn.abstained', ...turn, reason: 'provider-failed', ...noCost };
  }
  switch (turn.task) {
    case 'critique':
      return { type: 'critique.submitted', ...turn, ...cost };
    case 'synthesis':
      return { type: 'synthesis.written', ...turn, ...cost };
    case 'decomposition': {
      const parts = [{ part: 'p1', kind: questionKindDefault, after: [] }];
      return { type: 'question.decomposed', ...turn, parts, ...cost };
    }
    case 'grouping':
      return { type: 'answers.grouped', ...turn, merges: {}, ...cost };
    case 'judgement': {
      const { ranking } = mindOf(turn, state, { seated, question });
      return { type: 'judgement.given', ...turn, choice: single(ranking), ...cost };
    }
    case 'nomination':
    case 'vote':
    case 'proposal':
    case 'revision':
      return positionOf(turn, state, answering);
  }
}

function positionOf(turn: TurnRef, state: RunState, { seated, question }: Answering): TurnFact {
  const { ranking, confidence } = mindOf(turn, state, { seated, question });
  const { protocol } = state.plan;
  const before = state.standpoints[turn.seat];
  const isMoved = before !== undefined && leadingKey(before.choice) !== ranking[0];
  const mayVeto = protocol.kind === 'quorum' && protocol.veto === true;
  return {
    type: 'position.submitted',
    ...turn,
    choice: ballotOf(choiceKindOf(protocol), ranking, confidence),
    ...(mayVeto && seated.member.fault === 'lying' ? { vetoes: [question.truth] } : {}),
    confidence,
    citing: isMoved ? before.turn : null,
    ...costOf(state, question),
  };
}

/** A call reads the question and every reply of the passes before it, and writes one reply. */
function costOf(state: RunState, { scenario, seated }: Question): TurnCost {
  const { promptTokens, maxOutputTokens } = state.plan;
  const replyTokens = Math.min(scenario.replyTokens, maxOutputTokens);
  const read = state.passes.length * Math.min(seated.length, state.seats.length) * replyTokens;
  return {
    usage: { inputTokens: promptTokens + read, cachedTokens: 0, outputTokens: replyTokens },
    microsUsd: 0,
  };
}

const noCost: TurnCost = {
  usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0 },
  microsUsd: 0,
};

/**
 * Gives the fact of a call that is stopped because its pass ended early: it has read all, and written half of its reply.
 *
 * @param turn - what was asked
 * @param state - the run when the call was made
 * @param question - what it is about
 */
export function cancelledOf(turn: TurnRef, state: RunState, question: Question): TurnFact {
  const { usage, microsUsd } = costOf(state, question);
  const outputTokens = Math.ceil(Number(usage.outputTokens) / 2);
  return { type: 'turn.cancelled', ...turn, usage: { ...usage, outputTokens }, microsUsd };
}

function mindOf(turn: TurnRef, state: RunState, { seated, question }: Answering): Mind {
  const { member, view, confidence } = seated;
  const random = seated.drawsOf(state.passes.length);
  if (member.fault === 'lying') {
    return { ranking: lieOf(question), confidence: lyingConfidence };
  }
  if (member.fault === 'random') {
    return { ranking: shuffled(question.options, random), confidence: random() };
  }
  const ranking =
    member.fault === 'flip-flopping'
      ? turned(view.ranking, turn.round)
      : reconsidered(turn, state, { seated, question, random });
  return { ranking, confidence };
}

function lieOf({ options, truth, lure }: Question): readonly string[] {
  return [lure, ...options.filter((option) => option !== truth && option !== lure), truth];
}

/** Second choice first in even rounds. */
function turned(ranking: readonly string[], round: number): readonly string[] {
  return round % 2 === 1
    ? ranking
    : [...ranking.slice(1, 2), ...ranking.slice(0, 1), ...ranking.slice(2)];
}

function reconsidered(
  { seat }: TurnRef,
  state: RunState,
  who: Answering & { readonly random: Random },
): readonly string[] {
  const { ranking } = who.seated.view;
  const standpoint = state.standpoints[seat];
  const own = standpoint === undefined ? null : leadingKey(standpoint.choice);
  const held = own ?? String(ranking[0]);
  const shown = shownTo(seat, state);
  return withFirst(ranking, reaction(held, shown, who));
}

/** Leading answers of the others, as they stood when the last pass ended. */
function shownTo(seat: string, state: RunState): readonly string[] {
  return Object.entries(state.passes.at(-1)?.standing ?? {}).flatMap(([other, choice]) =>
    other === seat ? [] : (leadingKey(choice) ?? []),
  );
}

/** What a member holds after it has seen the others: one chance to follow the many, then one to be convinced. */
function reaction(
  held: string,
  shown: readonly string[],
  { question, random }: { readonly question: Question; readonly random: Random },
): string {
  const { truth, scenario } = question;
  const { conformity, persuasion } = scenario.reactions;
  const [follows, convinced] = [random(), random()];
  const leader = mostHeld(shown);
  if (leader !== null && leader !== held) {
    if (follows < (leader === truth ? conformity.whenRight : conformity.whenWrong)) return leader;
  }
  const others = shown.filter((answer) => answer !== held && answer !== leader);
  const [wrong] = others.filter((answer) => answer !== truth);
  if (others.includes(truth) && convinced < persuasion.byRight) return truth;
  return wrong !== undefined && 1 - convinced < persuasion.byWrong ? wrong : held;
}

/** The answer that more seats hold than any other; `null` for none or a tie. */
function mostHeld(answers: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  const leaders = [...counts].filter(([, count]) => count === most);
  return leaders.length === 1 ? String(leaders[0]?.[0]) : null;
}

function withFirst(ranking: readonly string[], first: string): readonly string[] {
  return ranking[0] === first ? ranking : [first, ...ranking.filter((option) => option !== first)];
}

function single(ranking: readonly string[]): Choice {
  return { kind: 'single', option: String(ranking[0]) };
}

function ballotOf(
  kind: ReturnType<typeof choiceKindOf>,
  ranking: readonly string[],
  confidence: number,
): Choice {
  if (kind === 'single') return single(ranking);
  if (kind === 'rank') return { kind, options: ranking };
  const isSplit = confidence < approvesAlone && ranking.length > 2;
  return { kind, options: ranking.slice(0, isSplit ? 2 : 1) };
}
