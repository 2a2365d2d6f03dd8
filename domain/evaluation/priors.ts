import { weightPriors, type WeightPriors } from '../calibration/seat-weights.ts';
import { weighedByRecord } from './roster.ts';
import type { Scenario } from './scenario.ts';
import { scenarioNamed } from './scenarios.ts';
import { majority, type Strategy } from './strategy.ts';

/** Correlations that are tried: as assumed, and as they truly are. */
export const correlations: readonly number[] = [0, 0.25, 0.5, 0.75, 1];

/** Largest shares that are tried; 1 is no cap at all. */
export const shares: readonly number[] = [0.25, 0.3, 0.4, 0.5, 1];

/** One assumption with other values, and where it is tried. */
export interface PriorTrial {
  readonly about: string;
  readonly scenarios: readonly Scenario[];
  readonly strategies: readonly Strategy[];
}

/** Plain majority, with which every comparison begins. */
const plain: Strategy = {
  name: majority,
  kind: 'baseline',
  request: ({ entries }) => ({
    pattern: 'consensus',
    participants: entries.map(({ name }) => name),
    protocol: { kind: 'plurality' },
  }),
};

function weighed(name: string, priors: WeightPriors): Strategy {
  return {
    name,
    kind: 'named',
    request: (roster) => ({
      pattern: 'consensus',
      participants: weighedByRecord(roster, priors),
      protocol: { kind: 'weighted' },
    }),
  };
}

/** What is tried: the correlation of same-model seats, and the cap on a seat's share. */
export const priorTrials: readonly PriorTrial[] = [
  {
    about: 'assumed correlation of same-model seats (rows) against the true one',
    scenarios: correlations.map((correlation) => ({
      ...scenarioNamed('correlated'),
      name: `true ${String(correlation)}`,
      correlation,
    })),
    strategies: [
      plain,
      ...correlations.map((correlation) =>
        weighed(`assumed ${String(correlation)}`, { ...weightPriors, correlation }),
      ),
    ],
  },
  {
    about: 'largest share of one seat (rows), without the limit of twice the mean',
    scenarios: ['mixed', 'correlated', 'lying', 'exposed'].map(scenarioNamed),
    strategies: [
      plain,
      ...shares.map((shareMax) =>
        weighed(`at most ${String(Math.round(shareMax * 100))} %`, {
          ...weightPriors,
          shareMax,
          timesMeanMax: Infinity,
        }),
      ),
    ],
  },
];
