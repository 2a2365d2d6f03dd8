import { juryAccuracy, optimalAccuracy } from './closed-forms.ts';
import { evaluate, type Extent } from './evaluation.ts';
import { unmoved, type Scenario } from './scenario.ts';
import type { Measured } from './statistics.ts';
import { strategies } from './strategies.ts';
import { majority } from './strategy.ts';

/** One comparison of the simulation with what is known exactly. */
export interface SelfCheck {
  readonly name: string;
  readonly exact: number;
  readonly measured: Measured;
  /** Whether the two are within four standard errors of each other. */
  readonly isMet: boolean;
}

/** Two options, nobody faulty, nobody alike: the theorems' own world. */
function idealOf(accuracies: readonly number[]): Scenario {
  return {
    name: 'ideal',
    about: 'independent voters between two options',
    members: accuracies.map((accuracy, index) => ({
      model: `m${String(index + 1)}`,
      accuracy,
      record: accuracy,
      confidence: 'calibrated',
      fault: null,
    })),
    options: 2,
    correlation: 0,
    attraction: 0,
    insight: 0,
    evenness: 4,
    reactions: unmoved,
    trials: 0,
    replyTokens: 300,
  };
}

const juries = [
  { voters: 1, accuracy: 0.6 },
  { voters: 3, accuracy: 0.6 },
  { voters: 5, accuracy: 0.6 },
  { voters: 9, accuracy: 0.7 },
] as const;
const mixedSkill = [0.9, 0.8, 0.6, 0.6, 0.55];
const byLogOdds = 'oracle: vote, true log-odds';

/**
 * Runs the real machines where the right result is known exactly: Condorcet's jury theorem for the plain majority, and the
 * optimum among all rules for the vote weighted by log-odds.
 *
 * @param extent - how many questions each check draws, and from which seed
 */
export function selfChecks(extent: Extent): readonly SelfCheck[] {
  const ofJuries = juries.flatMap(({ voters, accuracy }) =>
    checksOf(
      {
        name: `jury theorem, ${String(voters)} voters of ${String(accuracy)}`,
        accuracies: Array.from({ length: voters }, () => accuracy),
        strategy: majority,
        exact: juryAccuracy(voters, accuracy),
      },
      extent,
    ),
  );
  const ofWeights = checksOf(
    {
      name: `log-odds weights, voters of ${mixedSkill.join(', ')}`,
      accuracies: mixedSkill,
      strategy: byLogOdds,
      exact: optimalAccuracy(mixedSkill),
    },
    extent,
  );
  return [...ofJuries, ...ofWeights];
}

interface Expected {
  readonly name: string;
  readonly accuracies: readonly number[];
  readonly strategy: string;
  readonly exact: number;
}

function checksOf(
  { name, accuracies, strategy, exact }: Expected,
  extent: Extent,
): readonly SelfCheck[] {
  const asked = strategies.filter((one) => one.name === majority || one.name === strategy);
  const error = Math.sqrt((exact * (1 - exact)) / extent.panels);
  return evaluate(idealOf(accuracies), asked, extent)
    .results.filter((result) => result.name === strategy)
    .map(({ accuracy }) => ({
      name,
      exact,
      measured: accuracy,
      isMet: Math.abs(accuracy.value - exact) <= 4 * error,
    }));
}
