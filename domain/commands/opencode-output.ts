import type { FinishReason } from '../providers/model-connector.ts';
import type { CommandOutcome, CommandOutput, ReportedCost } from './command-output.ts';
import { missingAnswer, missingObject, reportedError } from './missing-answer.ts';
import { printedJson, valueAt, type JsonObject } from './printed-json.ts';
import { addedUp, reportedCost } from './reported-cost.ts';

/**
 * Reads what `opencode run --format json` prints: one event a line, seen of version 1.18.
 *
 * Work with tools takes several steps, each a message of its own. The answer is the text of the last message, once its
 * step has finished; what was used is the sum over all steps.
 */
export function readOpencodeOutput({ stdout }: Pick<CommandOutput, 'stdout'>): CommandOutcome {
  const printed = printedJson(stdout);
  const all = (type: string): readonly JsonObject[] =>
    printed.objects.filter((event) => event['type'] === type);
  const finished = all('step_finish');
  const cost = costOf(finished);
  const error = all('error').at(-1);
  if (error !== undefined) {
    const httpStatus = valueAt(error, 'error.data.statusCode');
    const [mark, words] = ['error.name', 'error.data.message'].map((path) => valueAt(error, path));
    return reportedError({ mark, httpStatus, words, cost });
  }
  const end = finished.at(-1);
  if (end === undefined) return missingObject(stdout, printed, 'an event "step_finish"');
  // A step that began and never finished was going to say something else.
  if (all('step_start').length > finished.length) {
    return missingObject(stdout, { ...printed, isBroken: true }, 'a "step_finish" for every step');
  }
  const message = valueAt(end, 'part.messageID');
  const text = all('text')
    .filter((event) => valueAt(event, 'part.messageID') === message)
    .map((event) => valueAt(event, 'part.text'))
    .filter((part) => typeof part === 'string')
    .join('');
  if (text.trim() === '') return missingAnswer('text in the last step', cost);
  const finish = finishes[String(valueAt(end, 'part.reason'))] ?? 'stop';
  return { kind: 'answered', text, finish, model: null, ...cost };
}

const finishes: Readonly<Record<string, FinishReason>> = {
  length: 'length',
  'content-filter': 'refusal',
};

/** `input` leaves cached tokens out, and `output` those of reasoning. */
function costOf(steps: readonly JsonObject[]): ReportedCost {
  const each = (path: string): unknown[] => steps.map((step) => valueAt(step, `part.${path}`));
  const cost = each('cost');
  const isPriced = cost.every((usd) => typeof usd === 'number');
  return reportedCost({
    input: addedUp(
      ['input', 'cache.read', 'cache.write'].flatMap((name) => each(`tokens.${name}`)),
    ),
    cached: addedUp(each('tokens.cache.read')),
    output: addedUp(['output', 'reasoning'].flatMap((name) => each(`tokens.${name}`))),
    costUsd: isPriced ? cost.reduce((sum, usd) => sum + usd, 0) : null,
  });
}
