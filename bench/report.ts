import { isMet } from './figures.ts';
import type { Figure, Finding } from './figures.ts';

/** Everything that a reader needs to compare two runs of the benchmark. */
export interface Report {
  readonly startedAt: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly models: string;
  readonly findings: readonly Finding[];
}

/** Gives one finding as a table of plain text. */
export function findingText({ measurement, figures, notes }: Finding): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${String(figure.value)} ${figure.unit}`,
    targetText(figure),
    verdictOf(figure),
  ]);
  const table = [['', 'measured', 'target', ''], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  );
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
  return [
    measurement,
    ...lines.map((line) => `  ${line}`),
    ...notes.map((note) => `  · ${note}`),
    '',
  ].join('\n');
}

function targetText({ target, unit }: Figure): string {
  if (target === undefined) return '';
  return `${target.kind === 'most' ? '<=' : '>='} ${String(target.value)} ${unit}`;
}

function verdictOf(figure: Figure): string {
  const met = isMet(figure);
  if (met === undefined) return '';
  return met ? 'met' : 'MISSED';
}
