import fc from 'fast-check';

import type { Fact, TurnFact, TurnRef } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import type { Protocol } from '../../../domain/protocols/protocol.ts';
import { gateFor } from '../../../domain/gate/gate-defaults.ts';
import { choiceKindOf } from '../../../domain/protocols/validity.ts';
import { aCost, position, type Panel } from '../../support/drive.ts';
import { planWith, seats } from '../../support/plans.ts';
import { ballot, runOf, type DrivenRun } from './driven-run.ts';
import { sha256 } from '../ledger/sample-run.ts';

/** Every protocol, with settings that fit two seats and more. */
export const protocols: readonly Protocol[] = [
  { kind: 'plurality' },
  { kind: 'weighted' },
  { kind: 'approval' },
  { kind: 'ranked', method: 'schulze' },
  { kind: 'ranked', method: 'instant-runoff' },
  { kind: 'quorum', required: 2 },
  { kind: 'quorum', required: 2, veto: true },
  { kind: 'supermajority', share: 2 / 3 },
  { kind: 'unanimity' },
  { kind: 'judge' },
];

/** Draws a number below `below` by a seed and a name: the same each time. */
function drawn(seed: string, name: string, below: number): number {
  return Number.parseInt(sha256(`${seed}/${name}`).slice(0, 8), 16) % below;
}

function chairReply(turn: TurnRef, state: RunState, seed: string): TurnFact {
  if (turn.task === 'grouping') return { type: 'answers.grouped', ...turn, merges: {}, ...aCost };
  if (turn.task === 'synthesis') return { type: 'synthesis.written', ...turn, ...aCost };
  const option = optionsIn(state)[drawn(seed, turn.turn, 2)] ?? 'o1';
  return { type: 'judgement.given', ...turn, choice: { kind: 'single', option }, ...aCost };
}

/** Keys that may be answered: the options, or three open answers. */
function optionsIn({ optionKeys }: Pick<RunState, 'optionKeys'>): readonly string[] {
  return optionKeys.length > 0 ? optionKeys : ['a1', 'a2', 'a3'];
}

function seatReply(turn: TurnRef, state: RunState, seed: string): TurnFact {
  const options = optionsIn(state);
  const first = drawn(seed, turn.turn, options.length);
  const rotated = [...options.slice(first), ...options.slice(0, first)];
  const lot = drawn(seed, `lot ${turn.turn}`, 12);
  if (turn.task === 'critique') return { type: 'critique.submitted', ...turn, ...aCost };
  if (lot === 0) return { type: 'turn.abstained', ...turn, reason: 'declined', ...aCost };
  if (lot === 1) return { type: 'turn.abstained', ...turn, reason: 'provider-failed', ...aCost };
  const kind = turn.task === 'nomination' ? 'approve' : choiceKindOf(state.plan.protocol);
  const names = rotated.slice(0, 1 + (lot % rotated.length));
  return kind === 'single' ? position(turn, rotated[0] ?? 'o1') : ballot(turn, kind, names);
}

/** What people and the clock may do, told by a small number. */
const happenings: readonly Fact[] = [
  { type: 'message.added', by: '/users/ann', messageId: 'm1' },
  { type: 'deadline.passed' },
  { type: 'closing.requested', by: '/users/ann', scope: 'round' },
  { type: 'closing.requested', by: '/users/ann', scope: 'run' },
  { type: 'collaboration.cancelled', by: '/users/ann', reason: 'enough' },
  { type: 'budget.raised', by: '/users/ann', budget: { tokens: 9_000, microsUsd: null } },
];

const plans = fc
  .record({
    pattern: fc.constantFrom('debate' as const, 'consensus' as const),
    count: fc.integer({ min: 2, max: 5 }),
    protocol: fc.constantFrom(...protocols),
    options: fc.constantFrom<readonly string[]>([], ['o1', 'o2'], ['o1', 'o2', 'o3']),
    rounds: fc.integer({ min: 1, max: 3 }),
    depth: fc.constantFrom('combined' as const, 'split' as const),
    grouping: fc.constantFrom('normalised' as const, 'model' as const),
    stopOnStability: fc.boolean(),
    endsEarly: fc.boolean(),
    synthesis: fc.boolean(),
    tokens: fc.constantFrom(null, 900, 1_500),
    gate: fc.constantFrom(null, gateFor(0), { ...gateFor(0), askedWay: 'done' as const }),
  })
  .map(({ count, options, tokens, gate, ...rest }): Plan => {
    // A ranking or approvals in a debate need options, as planning says.
    const needsOptions = rest.pattern === 'debate' && choiceKindOf(rest.protocol) !== 'single';
    const optionKeys = needsOptions && options.length === 0 ? ['o1', 'o2'] : options;
    const budget = { tokens, microsUsd: null };
    const gated = rest.pattern === 'debate' ? { gate } : {};
    return planWith({ ...rest, ...gated, optionKeys, budget, seats: seats(count) });
  });

/** Answers every turn by a seed: the same answer to the same turn. */
export function panelOf(seed: string): Panel {
  return (turn, state) =>
    turn.seat === 'chair' ? chairReply(turn, state, seed) : seatReply(turn, state, seed);
}

/** Runs of every pattern and protocol, to their end, with answers in any order and now and then a step by a person. */
export const runs: fc.Arbitrary<DrivenRun> = fc
  .record({
    plan: plans,
    seed: fc.string({ minLength: 4, maxLength: 4 }),
    stepAt: fc.option(
      fc.record({ at: fc.integer({ min: 3, max: 12 }), fact: fc.constantFrom(...happenings) }),
    ),
  })
  .map(({ plan, seed, stepAt }) => {
    const interruptions = stepAt === null ? {} : { [stepAt.at]: stepAt.fact };
    return runOf(plan, panelOf(seed), {
      interruptions,
      order: (turns) =>
        turns.toSorted((one, other) => drawn(seed, one.turn, 999) - drawn(seed, other.turn, 999)),
    });
  })
  .filter(({ facts }) => facts.some(({ type }) => type === 'decision.reached'));
