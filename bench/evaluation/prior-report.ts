import { evaluate, type Extent } from '../../domain/evaluation/evaluation.ts';
import { priorTrials } from '../../domain/evaluation/priors.ts';
import { matrixText } from './tables.ts';

/**
 * Measures what other assumptions about weights would come to.
 *
 * @param extent - panels per scenario, and the seed
 * @param print - takes the table of each assumption
 */
export function measurePriors({ panels, seed }: Extent, print: (text: string) => void): void {
  for (const { about, scenarios, strategies } of priorTrials) {
    const results = scenarios.map((scenario) => evaluate(scenario, strategies, { panels, seed }));
    print(matrixText(`${about}; right, %, ${String(panels)} panels each`, results));
  }
}
