import type { TurnTask } from '../collaboration/fact.ts';
import type { ReplySchema } from '../providers/model-connector.ts';
import type { ReplyContext } from './reply.ts';

/** Gives the JSON schema that a task's reply is asked to follow; the same for every seat of a pass. */
export function replySchema(_task: TurnTask, _context: ReplyContext): ReplySchema {
  throw new Error('not built yet');
}
