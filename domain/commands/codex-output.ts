import type { CommandOutcome, CommandOutput } from './command-output.ts';
import { missingAnswer, missingObject, reportedError } from './missing-answer.ts';
import { printedJson, valueAt, type JsonObject } from './printed-json.ts';
import { reportedCost } from './reported-cost.ts';

/**
 * Reads what `codex exec --json` prints: one event a line, seen of version 0.169.
 *
 * An item of type `error` is a warning; what failed is told by `turn.failed`. The last message is the answer, once
 * `turn.completed` has come.
 */
export function readCodexOutput({ stdout }: Pick<CommandOutput, 'stdout'>): CommandOutcome {
  const printed = printedJson(stdout);
  const last = (type: string): JsonObject | undefined =>
    printed.objects.findLast((event) => event['type'] === type);
  const completed = last('turn.completed');
  const failed = last('turn.failed') ?? (completed === undefined ? last('error') : undefined);
  if (failed !== undefined) {
    const words = valueAt(failed, 'error.message') ?? failed['message'];
    return reportedError({ httpStatus: statusIn(words), words });
  }
  if (completed === undefined) return missingObject(stdout, printed, 'an event "turn.completed"');
  const usage = completed['usage'];
  const cost = reportedCost({
    input: valueAt(usage, 'input_tokens'),
    cached: valueAt(usage, 'cached_input_tokens'),
    output: valueAt(usage, 'output_tokens'),
  });
  const message = printed.objects
    .filter((event) => event['type'] === 'item.completed')
    .map((event) => event['item'])
    .findLast((item) => valueAt(item, 'type') === 'agent_message');
  const answer = valueAt(message, 'text');
  if (typeof answer !== 'string' || answer.trim() === '') {
    return missingAnswer('text in an item "agent_message"', cost);
  }
  return { kind: 'answered', text: answer, finish: 'stop', model: null, ...cost };
}

function statusIn(message: unknown): number | null {
  const status = typeof message === 'string' ? /\bstatus (\d{3})\b/.exec(message)?.[1] : undefined;
  return status === undefined ? null : Number(status);
}
