import type { ScenarioResult, StrategyResult } from '../../domain/evaluation/evaluation.ts';
import { placeLabels, type Spot } from './labels.ts';

const cell = { width: 390, height: 312, columns: 3 } as const;
/** Room around the axes of one cell, pixels. */
const margin = { left: 46, right: 16, top: 58, bottom: 40 } as const;
const head = 64;
const legendRow = 17;

/** Accuracy below the best by more than this is not drawn but named. */
const depthShown = 0.45;

const tokenTicks = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000];

const colour = {
  text: '#1f2933',
  faint: '#7b8794',
  grid: '#e4e7eb',
  front: '#0f766e',
  default: '#c2410c',
  baseline: '#1f2933',
  named: '#5b8bd0',
  oracle: '#b8a1d9',
} as const;

/**
 * Draws accuracy against tokens, one field per scenario: every strategy as a point with its interval, the Pareto front as a
 * line, the defaults marked.
 *
 * @param results - at least one; all with the same strategies in the same order
 * @returns an SVG document
 */
export function plotOf(results: readonly ScenarioResult[]): string {
  const columns = Math.min(cell.columns, results.length);
  const rows = Math.ceil(results.length / cell.columns);
  const names = results[0]?.results ?? [];
  const width = Math.max(2, columns) * cell.width;
  const legendTop = head + rows * cell.height + 8;
  const legendColumns = Math.max(2, columns);
  const height = legendTop + Math.ceil(names.length / legendColumns) * legendRow + 16;
  const fields = results.map((result, index) => {
    const x = (index % cell.columns) * cell.width;
    const y = head + Math.floor(index / cell.columns) * cell.height;
    return `<g transform="translate(${String(x)} ${String(y)})">${fieldOf(result)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="11" fill="${colour.text}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    headOf(results[0]?.panels ?? 0),
    ...fields,
    ...legendOf(names, { top: legendTop, columns: legendColumns, width }),
    '</svg>',
    '',
  ].join('\n');
}

function headOf(panels: number): string {
  const marks = [
    { x: 22, shape: dot(22, 0, 'default'), text: 'default' },
    { x: 92, shape: dot(92, 0, 'baseline'), text: 'one agent; plain majority' },
    { x: 258, shape: dot(258, 0, 'named'), text: 'other strategies' },
    { x: 376, shape: dot(376, 0, 'oracle'), text: 'knows the truth' },
    {
      x: 506,
      shape: `<path d="M496 0h20" stroke="${colour.front}" stroke-width="2"/>`,
      text: 'Pareto front',
    },
  ];
  return [
    `<text x="16" y="24" font-size="16" font-weight="600">Accuracy against cost</text>`,
    text({
      x: 226,
      y: 24,
      of: `share decided rightly, 95 % intervals, ${String(panels)} simulated panels of each kind; numbers: see below`,
      fill: colour.faint,
    }),
    `<g transform="translate(0 47)">`,
    ...marks.map(({ x, shape, text: label }) => `${shape}${text({ x: x + 14, y: 4, of: label })}`),
    '</g>',
  ].join('\n');
}

function legendOf(
  names: readonly StrategyResult[],
  { top, columns, width }: { top: number; columns: number; width: number },
): readonly string[] {
  const perColumn = Math.ceil(names.length / columns);
  return names.map(({ name, kind }, index) => {
    const x = 16 + Math.floor(index / perColumn) * (width / columns);
    const y = top + (index % perColumn) * legendRow + 12;
    const number = text({
      x: x + 16,
      y,
      of: String(index + 1),
      fill: colour[kind],
      anchor: 'end',
      isBold: true,
    });
    return number + text({ x: x + 24, y, of: name });
  });
}

interface Scales {
  readonly x: (tokens: number) => number;
  readonly y: (accuracy: number) => number;
  readonly ticksX: readonly number[];
  readonly ticksY: readonly number[];
  readonly least: number;
}

function scalesOf(results: readonly StrategyResult[]): Scales {
  const best = Math.max(...results.map(({ accuracy }) => accuracy.high));
  const worst = Math.min(...results.map(({ accuracy }) => accuracy.low));
  const most = Math.min(1, Math.ceil(best * 20) / 20);
  const least = Math.max(0, Math.floor(Math.max(worst, best - depthShown) * 20) / 20);
  const tokens = results.map((one) => Math.max(1, one.tokens.value));
  const [from, to] = [Math.log(Math.min(...tokens) * 0.8), Math.log(Math.max(...tokens) * 1.3)];
  const plotWidth = cell.width - margin.left - margin.right;
  const plotHeight = cell.height - margin.top - margin.bottom;
  return {
    x: (value) => margin.left + ((Math.log(Math.max(1, value)) - from) / (to - from)) * plotWidth,
    y: (value) => margin.top + ((most - value) / (most - least)) * plotHeight,
    ticksX: tokenTicks.filter((tick) => Math.log(tick) >= from && Math.log(tick) <= to),
    ticksY: Array.from({ length: 11 }, (_, tenth) => tenth / 10).filter(
      (tick) => tick >= least - 1e-9 && tick <= most + 1e-9,
    ),
    least,
  };
}

function fieldOf({ scenario, results }: ScenarioResult): string {
  const scales = scalesOf(results);
  const numbered = results.map((result, index) => ({ result, number: index + 1 }));
  const shown = numbered.filter(({ result }) => result.accuracy.value >= scales.least);
  const below = numbered.filter(({ result }) => result.accuracy.value < scales.least);
  return [
    text({ x: margin.left, y: 18, of: scenario.name, isBold: true, size: 13 }),
    ...wrapped(scenario.about, 66).map((line, index) =>
      text({ x: margin.left, y: 31 + index * 11, of: line, fill: colour.faint, size: 9.5 }),
    ),
    axesOf(scales),
    frontOf(results, scales),
    ...shown
      .toSorted(
        (one, other) =>
          Number(one.result.kind === 'default') - Number(other.result.kind === 'default'),
      )
      .map(({ result, number }) => pointOf(result, number, scales)),
    ...labelsOf(shown, scales),
    below.length === 0
      ? ''
      : text({
          x: cell.width - margin.right,
          y: cell.height - margin.bottom - 5,
          of: `below: ${below.map(({ number }) => number).join(', ')}`,
          fill: colour.faint,
          anchor: 'end',
          size: 9.5,
        }),
  ].join('\n');
}

function axesOf({ x, y, ticksX, ticksY }: Scales): string {
  const [left, right] = [margin.left, cell.width - margin.right];
  const [top, bottom] = [margin.top, cell.height - margin.bottom];
  const rows = ticksY.map(
    (tick) =>
      `<path d="M${at(left)} ${at(y(tick))}H${at(right)}" stroke="${colour.grid}"/>` +
      text({
        x: left - 6,
        y: y(tick) + 4,
        of: `${String(Math.round(tick * 100))} %`,
        fill: colour.faint,
        anchor: 'end',
      }),
  );
  const columns = ticksX.map(
    (tick) =>
      `<path d="M${at(x(tick))} ${at(top)}V${at(bottom)}" stroke="${colour.grid}"/>` +
      text({ x: x(tick), y: bottom + 14, of: short(tick), fill: colour.faint, anchor: 'middle' }),
  );
  const title = text({
    x: (left + right) / 2,
    y: bottom + 29,
    of: 'tokens per question',
    fill: colour.faint,
    anchor: 'middle',
  });
  return [...rows, ...columns, title].join('\n');
}

function short(tokens: number): string {
  return tokens < 1_000 ? String(tokens) : `${String(tokens / 1_000)}k`;
}

/** What the best strategy up to each cost reaches: a staircase. */
function frontOf(results: readonly StrategyResult[], { x, y, least }: Scales): string {
  const front = results
    .filter(({ kind, standing, accuracy }) => {
      return kind !== 'oracle' && standing === 'on' && accuracy.value >= least;
    })
    .sort((one, other) => one.tokens.value - other.tokens.value);
  const [first] = front;
  if (first === undefined) return '';
  const steps = front
    .map(({ tokens, accuracy }) => `H${at(x(tokens.value))}V${at(y(accuracy.value))}`)
    .join('');
  const start = `M${at(x(first.tokens.value))} ${at(y(first.accuracy.value))}`;
  return `<path d="${start}${steps}H${at(cell.width - margin.right)}" fill="none" stroke="${colour.front}" stroke-width="1.5" opacity="0.8"/>`;
}

function pointOf(result: StrategyResult, number: number, { x, y }: Scales): string {
  const { name, kind, accuracy, tokens } = result;
  const [px, py] = [x(tokens.value), y(accuracy.value)];
  const percent = (share: number): string => (share * 100).toFixed(1);
  const title = `${String(number)} ${name}: ${percent(accuracy.value)} % [${percent(accuracy.low)}, ${percent(accuracy.high)}], ${String(Math.round(tokens.value))} tokens`;
  return [
    `<g><title>${escaped(title)}</title>`,
    `<path d="M${at(px)} ${at(y(accuracy.low))}V${at(y(accuracy.high))}" stroke="${colour[kind]}" opacity="0.35"/>`,
    dot(px, py, kind),
    '</g>',
  ].join('');
}

function dot(x: number, y: number, kind: StrategyResult['kind']): string {
  if (kind === 'baseline') {
    return `<rect x="${at(x - 3.5)}" y="${at(y - 3.5)}" width="7" height="7" fill="${colour.baseline}"/>`;
  }
  return kind === 'default'
    ? `<circle cx="${at(x)}" cy="${at(y)}" r="5" fill="#ffffff" stroke="${colour.default}" stroke-width="2.5"/>`
    : `<circle cx="${at(x)}" cy="${at(y)}" r="3" fill="${colour[kind]}"/>`;
}

interface Numbered {
  readonly result: StrategyResult;
  readonly number: number;
}

/** Numbers for the points that matter: defaults, baselines, and what is on the front. */
function labelsOf(shown: readonly Numbered[], { x, y }: Scales): readonly string[] {
  const spots = shown.map(({ result, number }): Spot => {
    const matters = result.kind !== 'named' || result.standing === 'on';
    return {
      x: x(result.tokens.value),
      y: y(result.accuracy.value),
      label: matters ? String(number) : null,
      colour: result.kind === 'named' ? colour.front : colour[result.kind],
    };
  });
  const bounds = {
    left: margin.left,
    right: cell.width - margin.right + 12,
    top: margin.top - 4,
    bottom: cell.height - margin.bottom,
  };
  return placeLabels(spots, bounds).map(
    ({ spot, x: lx, y: ly }) =>
      `<path d="M${at(spot.x)} ${at(spot.y)}L${at(lx)} ${at(ly)}" stroke="${spot.colour}" stroke-width="0.6" opacity="0.6"/>` +
      `<text x="${at(lx)}" y="${at(ly + 3.5)}" text-anchor="middle" font-size="10.5" font-weight="700" fill="${spot.colour}" stroke="#ffffff" stroke-width="3" paint-order="stroke">${String(spot.label)}</text>`,
  );
}

interface Words {
  readonly x: number;
  readonly y: number;
  readonly of: string;
  readonly fill?: string;
  readonly anchor?: 'end' | 'middle';
  readonly isBold?: boolean;
  readonly size?: number;
}

function text({ x, y, of, fill, anchor, isBold, size }: Words): string {
  const attributes = [
    `x="${at(x)}" y="${at(y)}"`,
    fill === undefined ? '' : `fill="${fill}"`,
    anchor === undefined ? '' : `text-anchor="${anchor}"`,
    isBold === true ? 'font-weight="600"' : '',
    size === undefined ? '' : `font-size="${String(size)}"`,
  ];
  return `<text ${attributes.filter((one) => one !== '').join(' ')}>${escaped(of)}</text>`;
}

function wrapped(words: string, charactersMax: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(' ')) {
    if (line !== '' && line.length + word.length >= charactersMax) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
