import type { TurnTask } from '../collaboration/fact.ts';
import type { FinishReason } from '../providers/model-connector.ts';
import type { ReadReply, ReplyContext } from './reply.ts';

/** Judges what a model sent. Never throws, whatever the text. */
export function readReply(
  _task: TurnTask,
  _text: string,
  _finish: FinishReason,
  _context: ReplyContext,
): ReadReply {
  throw new Error('not built yet');
}
