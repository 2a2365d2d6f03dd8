import { optimalAgainstLiars } from './closed-forms.ts';
import type { ScenarioResult, Setting, StrategyResult } from './evaluation.ts';

/** What is promised of the defaults, and where it is so. */
export interface Verdict {
  readonly promise: 'on the front' | 'beats plain majority' | 'holds against liars';
  readonly scenario: string;
  readonly strategy: string;
  readonly isKept: boolean;
  /** Figures behind it, for a person. */
  readonly because: string;
}

/** Scenarios in which a default must beat plain majority. */
const mustBeat: readonly string[] = ['correlated', 'mixed'];

/**
 * Judges the defaults of one scenario.
 *
 * - Everywhere each must be on the Pareto front, or so near that no strategy at its cost or less is more accurate by more than
 *   the interval of the difference.
 * - On correlated and mixed-skill panels it must beat plain majority by more than the interval of the difference.
 * - With f of 3f + 1 lying it must not be less accurate, by more than its interval, than an honest member alone.
 */
export function verdictsOf(result: ScenarioResult): readonly Verdict[] {
  const { name, members } = result.scenario;
  const hasLiars = members.some(({ fault }) => fault === 'lying');
  return result.results
    .filter(({ kind }) => kind === 'default')
    .flatMap((one) => [
      frontOf(result, one),
      ...(mustBeat.includes(name) ? [beatOf(result, one)] : []),
      ...(hasLiars ? [holdOf(result, one)] : []),
    ]);
}

function frontOf({ scenario, results }: ScenarioResult, one: StrategyResult): Verdict {
  const better = results
    .filter(
      ({ kind, tokens, accuracy }) =>
        kind !== 'oracle' &&
        tokens.value <= one.tokens.value &&
        accuracy.value > one.accuracy.value,
    )
    .sort((some, other) => other.accuracy.value - some.accuracy.value);
  const because = better.slice(0, 1).map(({ name, accuracy, tokens }) => {
    const cost = `${String(Math.round(tokens.value))} tokens`;
    return `${percent(one.accuracy.value)} %; "${name}" has ${percent(accuracy.value)} % for ${cost}`;
  });
  return {
    promise: 'on the front',
    scenario: scenario.name,
    strategy: one.name,
    isKept: one.standing !== 'off',
    because: because.join('') || `${percent(one.accuracy.value)} %; nothing is better for as much`,
  };
}

function beatOf({ scenario }: ScenarioResult, { name, gain }: StrategyResult): Verdict {
  return {
    promise: 'beats plain majority',
    scenario: scenario.name,
    strategy: name,
    isKept: gain.low > 0,
    because: `by ${percent(gain.value)} points, ${percent(gain.low)} to ${percent(gain.high)}`,
  };
}

function holdOf(
  { scenario, honestAccuracy }: ScenarioResult,
  { name, accuracy, lured }: StrategyResult,
): Verdict {
  return {
    promise: 'holds against liars',
    scenario: scenario.name,
    strategy: name,
    isKept: accuracy.high >= honestAccuracy,
    because:
      `right ${percent(accuracy.value)} %, an honest one alone ${percent(honestAccuracy)} %; ` +
      `the lie wins ${percent(lured.value)} %; no rule over one vote of all, without records, exceeds ${percent(boundOf(scenario, honestAccuracy))} %`,
  };
}

/** What any rule could reach, honest ones taken to be as good as their mean. */
function boundOf({ members, options, attraction }: Setting, accuracy: number): number {
  const liars = members.filter(({ fault }) => fault === 'lying').length;
  const lured = attraction + (1 - attraction) / (options - 1);
  return optimalAgainstLiars({ honest: members.length - liars, liars, accuracy, lured, options });
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}
