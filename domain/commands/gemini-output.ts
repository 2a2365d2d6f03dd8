import type { CommandOutcome, CommandOutput, ReportedCost } from './command-output.ts';
import { missingAnswer, missingObject, reportedError } from './missing-answer.ts';
import { isObject, printedJson, soleName, valueAt, type JsonObject } from './printed-json.ts';
import { addedUp, reportedCost } from './reported-cost.ts';

/**
 * Reads what `gemini --output-format json` prints: one object over many lines, seen of version 0.61.
 *
 * A failure is such an object too, on standard error, after warnings and stacks; its `code` is an HTTP status or a number
 * of the program's own below 100. The exit code is that number modulo 256.
 */
export function readGeminiOutput({
  stdout,
  stderr,
}: Pick<CommandOutput, 'stdout' | 'stderr'>): CommandOutcome {
  const printed = printedJson(stdout);
  const result = printed.objects.findLast((object) => 'response' in object || 'error' in object);
  const error = errorIn(result) ?? (result === undefined ? errorAmong(stderr) : undefined);
  if (error !== undefined) {
    const mark = error['type'] === 'Error' ? null : error['type'];
    const [httpStatus, words] = [error['code'], error['message']];
    return reportedError({ mark, httpStatus, words, cost: costOf(result ?? {}) });
  }
  if (result === undefined) return missingObject(stdout, printed, 'one object with "response"');
  const cost = costOf(result);
  const text = result['response'];
  if (typeof text !== 'string' || text.trim() === '') {
    return missingAnswer('text in "response"', cost);
  }
  const model = soleName(modelsOf(result));
  return { kind: 'answered', text, finish: 'stop', model, ...cost };
}

function errorAmong(text: string): JsonObject | undefined {
  return errorIn(printedJson(text).objects.findLast((object) => errorIn(object) !== undefined));
}

function errorIn(object: JsonObject | undefined): JsonObject | undefined {
  const error = object?.['error'];
  return isObject(error) ? error : undefined;
}

function costOf(result: JsonObject): ReportedCost {
  const tokens = Object.values(modelsOf(result)).map((model) => valueAt(model, 'tokens'));
  const each = (name: string): unknown[] => tokens.map((counts) => valueAt(counts, name));
  return reportedCost({
    input: addedUp([...each('prompt'), ...each('tool').map((count) => count ?? 0)]),
    cached: addedUp(each('cached')),
    output: addedUp([...each('candidates'), ...each('thoughts').map((count) => count ?? 0)]),
  });
}

function modelsOf(result: JsonObject): JsonObject {
  const models = valueAt(result, 'stats.models');
  return isObject(models) ? models : {};
}
