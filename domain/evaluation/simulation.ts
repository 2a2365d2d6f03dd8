import { leadingKey, mergedChoice } from '../collaboration/ballots.ts';
import type { Fact, TurnRef, Verdict } from '../collaboration/fact.ts';
import type { Plan } from '../collaboration/plan.ts';
import type { RunState } from '../collaboration/run-state.ts';
import type { Machine } from '../collaboration/step.ts';
import { confidenceOf } from '../gate/seat-confidence.ts';
import { machines } from '../machines.ts';
import { countsWeights } from '../protocols/validity.ts';
import { answerOf, cancelledOf } from './conduct.ts';
import { shuffled, type Question, type Seated } from './question.ts';
import { memberNamed } from './roster.ts';

/** Most steps of one run; five rounds of two passes are far below it. */
const stepsMax = 200;

/** How one strategy did on one question. */
export interface EvaluatedRun {
  readonly outcome: 'right' | 'wrong' | 'none';
  /** Whether the decision is the answer that liars agree on. */
  readonly isLure: boolean;
  readonly tokens: number;
  /** How sure the panel is of its decision, see {@link pooledConfidence}; `null` without a decision. */
  readonly confidence: number | null;
}

/**
 * Runs a plan's real machine over a simulated question, to its verdict.
 *
 * @param plan - of a closed question, its agents named as a roster names them
 * @param question - what is asked, and what everybody thinks of it
 */
export function simulate(plan: Plan, question: Question): EvaluatedRun {
  return simulateWith(machines[plan.pattern], plan, question);
}

/**
 * Runs any machine over a simulated question.
 *
 * Replies of a pass arrive in an order by lot. Once the machine has decided something, what is still asked for is cancelled,
 * as in a run over the network.
 *
 * @param machine - whose steps are performed
 * @param plan - as in {@link simulate}
 * @param question - as in {@link simulate}
 * @throws Error when the machine waits for a person, or comes to no end
 */
export function simulateWith(
  machine: Machine<RunState>,
  plan: Plan,
  question: Question,
): EvaluatedRun {
  let state = machine.open({ type: 'collaboration.opened', plan });
  let step = machine.next(state);
  let inFlight: readonly TurnRef[] = [];
  const fold = (fact: Fact): void => {
    state = machine.evolve(state, fact);
  };
  for (let steps = 0; steps < stepsMax && step.kind !== 'wait'; steps += 1) {
    if (step.kind === 'end') return resultOf(step.verdict, state, question);
    if (step.kind === 'record') {
      const asked = state;
      step.facts.forEach(fold);
      for (const turn of inFlight) fold(cancelledOf(turn, asked, question));
      inFlight = [];
      step = machine.next(state);
      continue;
    }
    const arriving = shuffled(step.turns, question.arrivalsOf(state.passes.length));
    for (const [index, turn] of arriving.entries()) {
      fold(answerOf(turn, state, { seated: seatedFor(turn, state, question), question }));
      inFlight = arriving.slice(index + 1);
      // Without early ends nothing is decided before the last answer.
      if (plan.endsEarly || inFlight.length === 0) step = machine.next(state);
      if (step.kind === 'record') break;
    }
  }
  throw new Error(`a simulated run of ${plan.pattern} came to no verdict`);
}

function seatedFor({ seat }: TurnRef, { seats, plan }: RunState, question: Question): Seated {
  const agent = (seats.find((one) => one.seat === seat) ?? plan.chair).agent;
  return memberNamed(question.seated, agent);
}

/**
 * Reads how a run did.
 *
 * @param verdict - in which it ended
 * @param verdict.answer - key of what was decided, if anything was
 * @param state - the run at its end
 * @param known - what was asked
 * @param known.truth - key of the right option
 * @param known.lure - what liars agree on; `null` where nobody is known to lie
 * @param known.options - all of them
 */
export function resultOf(
  { answer }: Verdict,
  state: RunState,
  { truth, lure, options }: Pick<Question, 'truth' | 'options'> & { readonly lure: string | null },
): EvaluatedRun {
  const { tokens } = state.spent;
  if (answer === null) return { outcome: 'none', isLure: false, tokens, confidence: null };
  return {
    outcome: answer === truth ? 'right' : 'wrong',
    isLure: answer === lure,
    tokens,
    confidence: pooledConfidence(state, answer, options.length),
  };
}

/**
 * Says how sure a panel is of an answer: the linear opinion pool of its seats (M. Stone, "The Opinion Pool", Annals of
 * Mathematical Statistics 32, 1961). A seat that holds the answer gives it its confidence, another one an even share of
 * what its own answer leaves; confidences are read as the plan reads them, and weights count where the protocol counts them.
 *
 * A decision has no confidence of its own; where it gets one, that one is to be read instead.
 *
 * @returns 0 to 1; chance level where no seat stated a confidence
 */
export function pooledConfidence(state: RunState, answer: string, options: number): number {
  let [sum, total] = [0, 0];
  for (const { seat, weight } of state.seats) {
    const standpoint = state.standpoints[seat];
    const confidence = confidenceOf(state.plan, seat, standpoint?.confidence ?? null);
    if (standpoint === undefined || confidence === null) continue;
    const holds = leadingKey(mergedChoice(standpoint.choice, state.merges)) === answer;
    const power = countsWeights(state.plan.protocol) ? weight : 1;
    sum += power * (holds ? confidence : (1 - confidence) / (options - 1));
    total += power;
  }
  return total === 0 ? 1 / options : sum / total;
}
