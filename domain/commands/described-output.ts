import type { CommandOutcome, CommandOutput } from './command-output.ts';
import { unknownCost } from './command-output.ts';
import { missingAnswer, missingObject, reportedError } from './missing-answer.ts';
import type { JsonPaths } from './output-format.ts';
import { printedJson, valueAt } from './printed-json.ts';
import { reportedCost } from './reported-cost.ts';

const escape = String.fromCharCode(27);
const bell = String.fromCharCode(7);

/** Colours, movements of the cursor and titles of windows. */
const sequences = new RegExp(
  `${escape}\\[[0-9;?]*[ -/]*[@-~]|${escape}\\][^${bell}${escape}]*(?:${bell}|${escape}\\\\)`,
  'g',
);

/** All other control characters but tabs and ends of lines. */
const controls = /(?![\t\n])\p{Control}/gu;

/** Takes all that a program printed for its answer, without control bytes. */
export function readTextOutput({ stdout }: Pick<CommandOutput, 'stdout'>): CommandOutcome {
  const lines = stdout.replaceAll('\r\n', '\n').replace(sequences, '');
  const text = lines.split('\n').map(shownLine).join('\n').replace(controls, '').trim();
  if (text === '') return missingObject('', { objects: [], isBroken: false }, 'text');
  return { kind: 'answered', text, finish: 'stop', model: null, ...unknownCost };
}

/**
 * Reads the last object that a program printed, by a description of it.
 *
 * @param output - what was printed
 * @param output.stdout - where the object is
 * @param paths - where the object says what; an answer that is an object itself is given as JSON
 */
export function readJsonOutput(
  { stdout }: Pick<CommandOutput, 'stdout'>,
  paths: JsonPaths,
): CommandOutcome {
  const printed = printedJson(stdout);
  const at = (object: unknown, path: string | undefined): unknown =>
    path === undefined ? undefined : valueAt(object, path);
  const hasFailed = (object: unknown): boolean => isSaid(at(object, paths.error));
  const result = printed.objects.findLast(
    (object) => valueAt(object, paths.answer) !== undefined || hasFailed(object),
  );
  if (result === undefined) return missingObject(stdout, printed, `an object with ${paths.answer}`);
  const cost = reportedCost({
    input: at(result, paths.inputTokens),
    cached: at(result, paths.cachedTokens),
    output: at(result, paths.outputTokens),
    costUsd: at(result, paths.costUsd),
  });
  if (hasFailed(result)) {
    const said = at(result, paths.error);
    return reportedError({ mark: said, words: said, cost });
  }
  const text = textOf(valueAt(result, paths.answer));
  if (text.trim() === '') return missingAnswer(`text at ${paths.answer}`, cost);
  const model = at(result, paths.model);
  return {
    kind: 'answered',
    text,
    finish: 'stop',
    model: typeof model === 'string' && model !== '' ? model : null,
    ...cost,
  };
}

/** What a line was before the cursor went back to its beginning is not there any more. */
function shownLine(line: string): string {
  const back = line.lastIndexOf('\r', line.length - 2);
  return back < 0 ? line : line.slice(back + 1);
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== '';
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : '';
}
