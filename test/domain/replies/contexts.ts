import { createHash } from 'node:crypto';

import type { TurnTask } from '../../../domain/collaboration/fact.ts';
import type { FinishReason } from '../../../domain/providers/model-connector.ts';
import { readReply } from '../../../domain/replies/read-reply.ts';
import type { ParsedReply, ReadReply, ReplyContext } from '../../../domain/replies/reply.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A closed question of three options, before anybody spoke. */
export const closed: ReplyContext = {
  protocol: { kind: 'plurality' },
  options: [
    { key: 'o1', text: 'Postgres' },
    { key: 'o2', text: 'SQLite' },
    { key: 'o3', text: 'Redis' },
  ],
  grouping: 'normalised',
  arguments: [],
  self: 'Participant A',
  previous: null,
  sha256,
};

/** An open question. */
export const open: ReplyContext = { ...closed, options: [] };

/** The closed question in a later round: A holds Postgres, three have argued. */
export const later: ReplyContext = {
  ...closed,
  previous: { kind: 'single', option: 'o1' },
  arguments: [
    { name: 'Participant A', turn: 'proposal-1-s2' },
    { name: 'Participant B', turn: 'proposal-1-s1' },
    { name: 'Participant C', turn: 'proposal-1-s3' },
  ],
};

/** A good vote. */
export const vote = {
  rationale: 'It fits.',
  evidence: ['We run it already.'],
  answer: 'Postgres',
  confidence: 0.8,
  abstain: false,
};

/** Reads an object as a model would send it. */
export function read(
  task: TurnTask,
  fields: unknown,
  context: ReplyContext,
  finish: FinishReason = 'stop',
): ReadReply {
  const text = typeof fields === 'string' ? fields : JSON.stringify(fields);
  return readReply(task, text, finish, context);
}

/** Reads an object that is expected to be good. */
export function replyOf(task: TurnTask, fields: unknown, context: ReplyContext): ParsedReply {
  const result = read(task, fields, context);
  if (!result.ok) throw new Error(`expected a good reply; ${result.instruction}`);
  return result.reply;
}
