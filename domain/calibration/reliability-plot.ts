import { calibrated, type ConfidenceMap } from './confidence-map.ts';
import type { ReliabilityBin, Score } from './score.ts';

/** What a plot shows. */
export interface ReliabilityPlot {
  /** Whose confidences these are. */
  readonly title: string;
  /** `null` where no resolved question had a confidence. */
  readonly score: Score | null;
  /** How the next confidence would be read. */
  readonly map: ConfidenceMap;
  /** Resolved questions. */
  readonly questions: number;
}

const [width, height] = [680, 560];
const plot = { left: 76, top: 84, width: 380, height: 380 } as const;
const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
const curveSteps = 50;

/** Longest title, characters. */
const titleMax = 48;

/** Radius of a dot, pixels: of one trial, and most. */
const dot = { least: 3.5, most: 11 } as const;

const style =
  `text{font:13px system-ui,sans-serif;fill:#1d2733}.title{font-size:17px;font-weight:600}
.small{font-size:12px;fill:#566273}.grid{stroke:#e4e8ee}.ideal{stroke:#8b97a8;stroke-dasharray:5 4}
.map{fill:none;stroke:#c2571a;stroke-width:2}.bar{stroke:#2f6fb3;stroke-width:1.5;opacity:.7}
.dot{fill:#2f6fb3;stroke:#fff}`.replaceAll('\n', '');

/**
 * Draws how often a model was right at each confidence that it stated, as an SVG document of its own.
 *
 * A dot for each bin, larger for more trials, with its 95 % interval; the diagonal of perfect calibration; and the curve by
 * which the next confidence is read. It loads nothing and runs nothing.
 */
export function reliabilityPlot(shown: ReliabilityPlot): string {
  const { score, map } = shown;
  const filled = (score?.bins ?? []).flatMap(filledBin);
  const most = Math.max(1, ...filled.map(({ trials }) => trials));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(`Reliability of ${shown.title}`)}">`,
    `<style>${style}</style><rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text class="title" x="${plot.left}" y="36">${escaped(shortened(shown.title))}</text>`,
    `<text class="small" x="${plot.left}" y="58">${escaped(subtitleOf(shown))}</text>`,
    ...ticks.map(gridAt),
    `<line class="ideal" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>`,
    `<path class="map" d="${curveOf(map)}"/>`,
    ...filled.map((bin) => dotOf(bin, most)),
    `<text x="${x(0.5)}" y="${plot.top + plot.height + 44}" text-anchor="middle">confidence stated, before peers were seen</text>`,
    `<text transform="translate(24 ${y(0.5)}) rotate(-90)" text-anchor="middle">share that was right</text>`,
    ...legend(),
    ...figures(score, map),
    '</svg>',
  ].join('\n');
}

function subtitleOf({ score, questions }: ReliabilityPlot): string {
  const asked = `${questions} resolved ${questions === 1 ? 'question' : 'questions'}`;
  return score === null
    ? `${asked}, none with a confidence`
    : `${asked}, ${score.trials} ${score.trials === 1 ? 'answer' : 'answers'} with a confidence`;
}

function gridAt(share: number): string {
  const right = plot.left + plot.width;
  const bottom = plot.top + plot.height;
  return (
    `<path class="grid" d="M${x(share)} ${plot.top}V${bottom}M${plot.left} ${y(share)}H${right}"/>` +
    `<text class="small" x="${x(share)}" y="${bottom + 20}" text-anchor="middle">${share.toFixed(1)}</text>` +
    `<text class="small" x="${plot.left - 10}" y="${y(share) + 4}" text-anchor="end">${share.toFixed(1)}</text>`
  );
}

function curveOf(map: ConfidenceMap): string {
  const points = Array.from({ length: curveSteps + 1 }, (_, step) => {
    const confidence = step / curveSteps;
    return `${x(confidence)} ${y(calibrated(map, confidence))}`;
  });
  return `M${points.join('L')}`;
}

interface FilledBin {
  readonly trials: number;
  readonly meanConfidence: number;
  readonly accuracy: number;
  readonly interval: { readonly low: number; readonly high: number };
}

function filledBin(bin: ReliabilityBin): readonly FilledBin[] {
  const { trials, meanConfidence, accuracy, interval } = bin;
  if (meanConfidence === null || accuracy === null || interval === null) return [];
  return [{ trials, meanConfidence, accuracy, interval }];
}

function dotOf({ trials, meanConfidence, accuracy, interval }: FilledBin, most: number): string {
  const at = x(meanConfidence);
  const radius = dot.least + (dot.most - dot.least) * Math.sqrt(trials / most);
  return (
    `<line class="bar" x1="${at}" y1="${y(interval.low)}" x2="${at}" y2="${y(interval.high)}"/>` +
    `<circle class="dot" cx="${at}" cy="${y(accuracy)}" r="${radius.toFixed(1)}">` +
    `<title>${trials} ${trials === 1 ? 'answer' : 'answers'}, ${percent(accuracy)} right</title></circle>`
  );
}

const legendAt = plot.left + plot.width + 20;

function legend(): readonly string[] {
  const entries = [
    `<circle class="dot" cx="8" cy="-4" r="6"/><text class="small" x="24">answers, 95 % interval</text>`,
    `<path class="map" d="M0 -4H16"/><text class="small" x="24">how it is read now</text>`,
    `<path class="ideal" d="M0 -4H16"/><text class="small" x="24">perfect</text>`,
  ];
  return entries.map(
    (entry, index) =>
      `<g transform="translate(${legendAt} ${plot.top + 14 + index * 22})">${entry}</g>`,
  );
}

function figures(score: Score | null, map: ConfidenceMap): readonly string[] {
  const lines = [
    ...(score === null
      ? []
      : [
          `right in ${percent(score.accuracy)}`,
          `stated, mean: ${percent(score.meanConfidence)}`,
          `Brier score: ${score.brier.toFixed(3)}`,
          `calibration error: ${score.expectedCalibrationError.toFixed(3)}`,
        ]),
    `0.9 counts as ${calibrated(map, 0.9).toFixed(2)}`,
  ];
  return lines.map(
    (line, index) => `<text x="${legendAt}" y="${plot.top + 110 + index * 22}">${line}</text>`,
  );
}

function x(share: number): number {
  return hundredths(plot.left + share * plot.width);
}

function y(share: number): number {
  return hundredths(plot.top + (1 - share) * plot.height);
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function shortened(text: string): string {
  const characters = Array.from(text);
  return characters.length <= titleMax ? text : `${characters.slice(0, titleMax).join('')} …`;
}

/** What comes from outside is text, never markup. Characters that XML does not know are dropped. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
