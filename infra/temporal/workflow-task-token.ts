import { Writer } from 'protobufjs/minimal.js';

/** One try of one workflow task, as its server knows it. */
export interface WorkflowTaskTry {
  readonly namespaceId: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Numbers of events in the run's history. */
  readonly scheduledEventId: number;
  readonly startedEventId: number;
  /** 1 for the first try. */
  readonly attempt: number;
}

/** Fields of `temporal.server.api.token.v1.Task`, in the server's proto/internal. */
const fields = { namespaceId: 1, workflowId: 2, runId: 3, scheduled: 4, attempt: 5, started: 10 };

const TEXT = 2; // wire types of protocol buffers
const NUMBER = 0;

/**
 * Writes the token with which a try of a workflow task is answered, for one whose worker took it along when it died.
 *
 * A token is the server's own affair: one that it does not understand, or not any more, is refused, and nothing happens.
 */
export function workflowTaskToken(task: WorkflowTaskTry): Uint8Array {
  const writer = Writer.create();
  const tag = (field: number, type: number): Writer => writer.uint32((field << 3) | type);
  tag(fields.namespaceId, TEXT).string(task.namespaceId);
  tag(fields.workflowId, TEXT).string(task.workflowId);
  tag(fields.runId, TEXT).string(task.runId);
  tag(fields.scheduled, NUMBER).int64(task.scheduledEventId);
  tag(fields.attempt, NUMBER).int32(task.attempt);
  tag(fields.started, NUMBER).int64(task.startedEventId);
  return writer.finish();
}
