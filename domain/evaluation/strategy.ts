import type { Plan } from '../collaboration/plan.ts';
import type { CollaborationRequest } from '../collaboration/request.ts';
import { makePlan } from '../planning/plan.ts';
import { optionKeysOf } from './question.ts';
import { agentsOf, type Roster } from './roster.ts';

/** What a strategy says beside question and options; what it leaves open the planner fills with the defaults. */
export type Asked = Omit<CollaborationRequest, 'question' | 'options' | 'seed'>;

/**
 * What a strategy is to the comparison.
 *
 * - `default`: what a user gets who says no more than pattern and thoroughness.
 * - `baseline`, `named`: what a user could ask for.
 * - `oracle`: knows what no user knows. It shows what there is to gain, and nothing is compared with it.
 */
export type StrategyKind = 'default' | 'baseline' | 'named' | 'oracle';

/** A way to settle a question, with a name: a request that the real planner turns into a plan. */
export interface Strategy {
  readonly name: string;
  readonly kind: StrategyKind;
  readonly request: (roster: Roster) => Asked;
}

/** The strategy that others are compared with. */
export const majority = 'vote, plurality';

/** Stands for the hash of a simulated record, which nobody verifies. */
const simulatedVersion = 'simulated';

const question = 'Which of these is right?';

/**
 * Plans a strategy for a roster, with the planner that plans every run and with the records that the house has.
 *
 * @throws Error when the planner refuses the request
 */
export function planOf(strategy: Strategy, roster: Roster): Plan {
  const options = optionKeysOf(roster.scenario);
  const planned = makePlan(
    { ...strategy.request(roster), question, options, seed: '00' },
    agentsOf(roster),
    {
      seed: '00',
      materialBytes: 0,
      records: { records: roster.records, sha256: () => simulatedVersion },
    },
  );
  if (planned.ok) return planned.plan;
  throw new Error(`strategy "${strategy.name}": ${JSON.stringify(planned.faults)}`);
}
