import type { CellFigures } from './crash-cell.ts';

/** Gathers how fast debates went on, to be shown when all is done. */
export interface FigureTable {
  add(label: string, figures: CellFigures): void;
  /** One line for each label and kind of step: median and maximum, milliseconds. */
  text(): string;
}

/** Makes an empty table. */
export function createFigureTable(): FigureTable {
  const rows = new Map<string, CellFigures[]>();
  return {
    add: (label, figures) => {
      const key = `${label.padEnd(22)} ${figures.killedAfter.padEnd(20)}`;
      rows.set(key, [...(rows.get(key) ?? []), figures]);
    },
    text: () =>
      [
        `${'killed'.padEnd(22)} ${'after'.padEnd(20)} n  goes on p50/max  since ready p50/max  time-outs`,
        ...[...rows].map(([key, figures]) =>
          [
            key,
            String(figures.length).padEnd(2),
            spread(figures.map(({ idleMs }) => idleMs)).padEnd(16),
            spread(figures.map(({ sinceReadyMs }) => sinceReadyMs)).padEnd(20),
            figures.flatMap(({ timeOuts }) => timeOuts).length,
          ].join(' '),
        ),
        '',
      ].join('\n'),
  };
}

function spread(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null).toSorted((one, other) => one - other);
  const at = (index: number): string => (known[index] ?? NaN).toFixed(0);
  return known.length === 0 ? '-' : `${at(Math.floor(known.length / 2))} / ${at(known.length - 1)}`;
}
