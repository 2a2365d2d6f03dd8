import type { Verdict } from '../../domain/evaluation/acceptance.ts';
import type { ScenarioResult, StrategyResult, Tried } from '../../domain/evaluation/evaluation.ts';
import type { SelfCheck } from '../../domain/evaluation/self-check.ts';
import type { Measured } from '../../domain/evaluation/statistics.ts';

const standingMarks = { on: 'front', near: 'near', off: '' } as const;

/** Heads of the table's columns. */
const heads = [
  '#',
  'strategy',
  'right, %',
  'wrong, %',
  'none, %',
  'tokens',
  'gain, points',
  'regret, points',
  'Brier',
  'ECE',
  'Pareto',
] as const;

/** Gives one scenario's results as a table of plain text. */
export function scenarioText(result: ScenarioResult): string {
  const { scenario, panels } = result;
  const title = `${scenario.name}: ${scenario.about}; ${String(panels)} panels`;
  return [title, ...aligned([[...heads], ...rowsOf(result)]), ''].join('\n');
}

/** Says in one line how often each strategy was right so far. */
export function standingText(tried: readonly Tried[]): string {
  const shares = tried.map(({ strategy, runs }) => {
    const right = runs.filter(({ outcome }) => outcome === 'right').length;
    return `${strategy.name}: ${String(right)} of ${String(runs.length)}`;
  });
  return `right so far: ${shares.join('; ')}`;
}

function rowsOf({ results }: ScenarioResult): readonly (readonly string[])[] {
  return results.map((one, index) => [
    String(index + 1),
    one.kind === 'default' ? `${one.name} *` : one.name,
    ...cellsOf(one),
  ]);
}

function cellsOf(one: StrategyResult): readonly string[] {
  const { accuracy, wrong, undecided, tokens, gain, regret, calibration } = one;
  return [
    `${percent(accuracy.value)} ${interval(accuracy, percent)}`,
    percent(wrong.value),
    percent(undecided.value),
    `${rounded(tokens.value)} ±${rounded(tokens.high - tokens.value)}`,
    signed(gain),
    `${percent(regret.value)} ±${percent(regret.high - regret.value)}`,
    calibration === null ? '' : score(calibration.brier),
    calibration === null
      ? ''
      : `${calibration.expectedError.value.toFixed(3)} ${interval(calibration.expectedError, three)}`,
    one.kind === 'oracle' ? '' : standingMarks[one.standing],
  ];
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}

function three(value: number): string {
  return value.toFixed(3);
}

function rounded(value: number): string {
  return String(Math.round(value));
}

function interval({ low, high }: Measured, format: (value: number) => string): string {
  return `[${format(low)}, ${format(high)}]`;
}

function signed({ value, high }: Measured): string {
  return `${value < 0 ? '' : '+'}${percent(value)} ±${percent(high - value)}`;
}

function score({ value, high }: Measured): string {
  return `${three(value)} ±${three(high - value)}`;
}

/** What the marks and columns of the tables mean. */
export const legend = `* what a request gets that names no more than pattern and thoroughness. Intervals are of 95 %.
right, wrong, none: decided rightly (Wilson interval), wrongly, not at all. tokens: per question. gain: over "vote, plurality",
regret: behind the scenario's best in hindsight, both on the same questions. Brier, ECE: of the decisions' pooled confidence.
Pareto: front = nothing is cheaper and better; near = something is, by no more than the interval of the difference.`;

/**
 * Gives the accuracies of the same strategies in several scenarios, with the half of their 95 % intervals.
 *
 * @param title - the first line
 * @param results - at least one
 */
export function matrixText(title: string, results: readonly ScenarioResult[]): string {
  const names = results[0]?.results.map(({ name }) => name) ?? [];
  const rows = names.map((name, index) => [
    name,
    ...results.map(({ results: all }) => {
      const { value, low, high } = all[index]?.accuracy ?? { value: 0, low: 0, high: 0 };
      return `${percent(value)} ±${percent((high - low) / 2)}`;
    }),
  ]);
  const top = ['', ...results.map(({ scenario }) => scenario.name)];
  return [title, ...aligned([top, ...rows]), ''].join('\n');
}

/** Gives the promises about the defaults, kept and broken ones. */
export function verdictText(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ promise, scenario, strategy, isKept, because }) => [
    isKept ? 'kept' : 'BROKEN',
    promise,
    scenario,
    strategy,
    because,
  ]);
  return ['promises', ...aligned(lines), ''].join('\n');
}

/** Gives the comparisons with what is known exactly. */
export function checkText(checks: readonly SelfCheck[]): string {
  const lines = checks.map(({ name, exact, measured, isMet }) => [
    isMet ? 'agrees' : 'DIFFERS',
    name,
    `exact ${percent(exact)} %`,
    `here ${percent(measured.value)} % ${interval(measured, percent)}`,
  ]);
  return ['the simulation against closed forms', ...aligned(lines), ''].join('\n');
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}
