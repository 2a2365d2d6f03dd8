import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { OpenedPart, RecordFactsResult } from '../../activities/activities.ts';
import { foldRun, openingFacts } from '../../domain/machines.ts';
import { historyNamed } from '../support/histories.ts';
import { bundleWithinMs, openReplayer, replayWithinMs } from '../support/replaying.ts';
import type { Replayer } from '../support/replaying.ts';

/** What Temporal says of a workflow that tells a part how its analysis stands where it did not. */
const tellsPart = /Signal.*Workflow/i;

const name = 'analysis/cut-into-four-parts';
const history = historyNamed(name);

let replayer: Replayer;

beforeAll(async () => {
  replayer = await openReplayer();
}, bundleWithinMs);

afterAll(() => replayer.close());

/** Replays the history with another result of the activity that begins so. */
async function replayWith(begins: string, change: (result: string) => unknown): Promise<string> {
  const edit = (text: string): string =>
    text.replace(new RegExp(`"${begins}[^"]*"`), (quoted) => {
      const result = Buffer.from(quoted.slice(1, -1), 'base64').toString();
      return `"${Buffer.from(JSON.stringify(change(result))).toString('base64')}"`;
    });
  return await replayer.replay(history, edit);
}

/** The first letters of a result as they stand in a history. */
function packed(start: string): string {
  return Buffer.from(start.slice(0, start.length - (start.length % 3))).toString('base64');
}

describe('an analysis that goes on', () => {
  const openedBefore = async (isPausedByAnalysis: boolean): Promise<string> =>
    await replayWith(packed('{"kind":"opened","collaborationId":'), (result) => {
      const opened = JSON.parse(result) as OpenedPart;
      const state = foldRun(openingFacts(opened.plan));
      const resumed = {
        state: { ...state, isPaused: true },
        known: 3,
        decidedSteps: 0,
        outstanding: [],
      };
      return { ...opened, resumed, isPausedByAnalysis };
    });

  test(
    'has a part go on that it paused before it was resumed itself',
    async () => {
      await expect(openedBefore(true)).rejects.toThrow(tellsPart);
    },
    replayWithinMs,
  );

  test(
    'leaves a part alone that was paused by itself',
    async () => {
      await expect(openedBefore(false)).resolves.toBe('replayed');
    },
    replayWithinMs,
  );
});

/** An event of a history, as far as these tests change it. */
interface RecordedEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly markerRecordedEventAttributes: {
    readonly details: Readonly<Record<'result' | 'data', { payloads: { data: string }[] }>>;
  };
}

const payloadOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

/**
 * The history up to where the first part's end is recorded, which finds the run behind, tells the parts under way, and is
 * recorded again.
 */
function telling(result: RecordFactsResult): string {
  const { events } = JSON.parse(history.text) as { events: RecordedEvent[] };
  const marker = JSON.stringify(events[28]);
  const recorded = (eventId: number, seq: number, data: unknown): RecordedEvent => {
    const event = { ...(JSON.parse(marker) as RecordedEvent), eventId: String(eventId) };
    const [packedResult, packedCall] = ['result', 'data'].map(
      (field) => event.markerRecordedEventAttributes.details[field as 'data'].payloads[0],
    );
    if (packedResult === undefined || packedCall === undefined) throw new Error('no marker');
    const call = JSON.parse(Buffer.from(packedCall.data, 'base64').toString()) as object;
    packedCall.data = payloadOf({ ...call, seq, activity_id: String(seq) });
    packedResult.data = payloadOf(data);
    return event;
  };
  const told = ['p2', 'p3'].map((part, index) => ({
    eventId: String(30 + index),
    eventTime: '2026-11-21T13:51:05.984788291Z',
    eventType: 'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED',
    signalExternalWorkflowExecutionInitiatedEventAttributes: {
      workflowTaskCompletedEventId: '27',
      namespace: 'default',
      workflowExecution: { workflowId: `debate/c_01m7z5zy4nxsn5yttccwe7h2g2-${part}` },
      signalName: 'parentSteered',
    },
  }));
  const until = [...events.slice(0, 28), recorded(29, 7, result), ...told, recorded(32, 8, null)];
  return JSON.stringify({ events: until });
}

describe('an analysis that was behind', () => {
  const steered = {
    kind: 'behind',
    facts: [
      { type: 'collaboration.paused', by: '/users/local' },
      { type: 'collaboration.resumed', by: '/users/local' },
    ],
    decidedSteps: 1,
    outstanding: [],
    caused: [],
  } as const;

  const replayed = async (result: RecordFactsResult): Promise<string> =>
    await replayer.replay({ name, text: telling(result) });

  test(
    'tells its parts how it stands where it was steered meanwhile',
    async () => {
      await expect(replayed({ ...steered, isSteered: true })).resolves.toBe('replayed');
    },
    replayWithinMs,
  );

  test(
    'tells them nothing where a worker before this rule recorded so',
    async () => {
      await expect(replayed(steered)).rejects.toThrow(tellsPart);
    },
    replayWithinMs,
  );
});

describe('an analysis whose part could not be seen to end', () => {
  test(
    'waits for it again',
    async () => {
      const { events } = JSON.parse(history.text) as { events: RecordedEvent[] };
      const [look] = events.slice(27);
      const { data } = look?.markerRecordedEventAttributes.details ?? {};
      const gaveUp = {
        ...look,
        markerRecordedEventAttributes: {
          ...look?.markerRecordedEventAttributes,
          details: { data },
          failure: {
            message: 'Activity task failed',
            cause: { message: 'goes on', applicationFailureInfo: { type: 'part-running' } },
            activityFailureInfo: { activityId: '6', activityType: { name: 'awaitPart' } },
          },
        },
      };
      const again = {
        eventId: '29',
        eventTime: '2026-11-21T13:51:05.984788291Z',
        eventType: 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED',
        activityTaskScheduledEventAttributes: {
          activityId: '7',
          activityType: { name: 'awaitPart' },
          workflowTaskCompletedEventId: '27',
        },
      };
      const text = JSON.stringify({ events: [...events.slice(0, 27), gaveUp, again] });

      await expect(replayer.replay({ name, text })).resolves.toBe('replayed');
    },
    replayWithinMs,
  );
});
