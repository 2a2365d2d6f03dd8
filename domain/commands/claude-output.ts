import type { FinishReason } from '../providers/model-connector.ts';
import type { CommandOutcome, CommandOutput, ReportedCost } from './command-output.ts';
import { missingAnswer, missingObject, reportedError } from './missing-answer.ts';
import { isObject, printedJson, soleName, valueAt, type JsonObject } from './printed-json.ts';
import { addedUp, reportedCost } from './reported-cost.ts';

/**
 * Reads what `claude -p --output-format json` prints: one line with the whole result, seen of version 2.1.
 *
 * A failure is a result as well, with `is_error`, and the exit code 1. So is a refusal of the model, which is an answer here.
 */
export function readClaudeOutput({ stdout }: Pick<CommandOutput, 'stdout'>): CommandOutcome {
  const printed = printedJson(stdout);
  const result = printed.objects.findLast((object) => object['type'] === 'result');
  if (result === undefined)
    return missingObject(stdout, printed, 'one object with "type": "result"');
  const cost = costOf(result);
  const subtype = result['subtype'];
  const text = result['result'];
  const finish = finishes[String(result['stop_reason'])] ?? 'stop';
  const hasFailed = result['is_error'] !== false || isErrorName(subtype);
  if (hasFailed && finish !== 'refusal') {
    const mark = isErrorName(subtype) ? subtype : null;
    return reportedError({ mark, httpStatus: result['api_error_status'], words: text, cost });
  }
  if (typeof text !== 'string' || text.trim() === '') {
    return missingAnswer('text in "result"', cost);
  }
  return {
    kind: 'answered',
    text,
    finish,
    model: soleName(modelsOf(result)),
    ...cost,
  };
}

const finishes: Readonly<Record<string, FinishReason>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'refusal',
};

function isErrorName(subtype: unknown): boolean {
  return typeof subtype === 'string' && subtype.startsWith('error');
}

/** Helpers that the program asks on the side are in `modelUsage` only, and so is what they used. */
function costOf(result: JsonObject): ReportedCost {
  const models = Object.values(modelsOf(result));
  const each = (name: string): unknown[] => models.map((model) => valueAt(model, name));
  const costUsd = result['total_cost_usd'];
  if (models.length > 0) {
    const input = ['inputTokens', 'cacheReadInputTokens', 'cacheCreationInputTokens'].flatMap(each);
    return reportedCost({
      input: addedUp(input),
      cached: addedUp(each('cacheReadInputTokens')),
      output: addedUp(each('outputTokens')),
      costUsd,
    });
  }
  const cached = valueAt(result, 'usage.cache_read_input_tokens');
  const written = valueAt(result, 'usage.cache_creation_input_tokens');
  return reportedCost({
    input: addedUp([valueAt(result, 'usage.input_tokens'), cached ?? 0, written ?? 0]),
    cached,
    output: valueAt(result, 'usage.output_tokens'),
    costUsd,
  });
}

function modelsOf(result: JsonObject): JsonObject {
  const models = result['modelUsage'];
  return isObject(models) ? models : {};
}
