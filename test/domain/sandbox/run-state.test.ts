import { describe, expect, test } from '@jest/globals';

import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { factOf } from '../../../domain/ledger/event.ts';
import { eventTypes } from '../../../domain/ledger/event-types.ts';
import { isSandboxEvent, sandboxEndId, withoutResult } from '../../../domain/sandbox/run-fact.ts';
import { readSandboxRun } from '../../../domain/sandbox/run-state.ts';
import { noticeOf } from '../../../domain/webhooks/notice.ts';
import { ended, requested, started, streamOf } from './sample-events.ts';

const second = (number: number): string => `2026-11-21T09:00:0${String(number)}.000Z`;

describe('the state of a run', () => {
  test('is none without a request', () => {
    expect(readSandboxRun([])).toBeUndefined();
    expect(readSandboxRun(streamOf([started(1)]))).toBeUndefined();
  });

  test('is queued until a worker begins it', () => {
    expect(readSandboxRun(streamOf([requested]))).toMatchObject({
      status: 'queued',
      createdAt: second(0),
      startedAt: null,
      attempts: 0,
      requested: { lane: 'command', seed: 's' },
    });
  });

  test('counts how often it was begun, and since when', () => {
    expect(readSandboxRun(streamOf([requested, started(1), started(2)]))).toMatchObject({
      status: 'running',
      startedAt: second(1),
      attempts: 2,
    });
  });

  test('tells who wanted it ended', () => {
    const facts = [requested, started(1), { type: 'sandbox.cancelled', reason: 'why' } as const];

    expect(readSandboxRun(streamOf(facts))).toMatchObject({
      status: 'running',
      cancelled: { by: '/users/a', reason: 'why', at: second(2) },
    });
  });

  test('is what it ended as, whatever comes after', () => {
    const killed = { type: 'sandbox.ended', ...withoutResult('killed', 'x') } as const;
    const state = readSandboxRun(streamOf([requested, ended, started(2), killed]));

    expect(state).toMatchObject({ status: 'ok', attempts: 0, endedAt: second(1) });
    expect(state?.end).toEqual(withoutResult('ok', ''));
  });

  test('heeds nothing of something else', () => {
    const [first, ...others] = streamOf([requested, started(1)]);
    const foreign = { ...first, type: 'conclave.deadline.passed.v1', data: {} } as LedgerEvent;

    const state = readSandboxRun([first, foreign, ...others] as LedgerEvent[]);

    expect(state?.status).toBe('running');
  });
});

describe('an event of a run', () => {
  test('has the same id for whoever records the same kind of fact', () => {
    const ids = streamOf([requested, started(1), started(2), ended]).map(({ id }) => id);

    expect(ids).toEqual(['r_1/requested', 'r_1/started-1', 'r_1/started-2', 'r_1/ended']);
    expect(sandboxEndId('r_1')).toBe(ids.at(-1));
  });

  test('is none of a collaboration, and its type is known', () => {
    const [event] = streamOf([ended]) as [LedgerEvent];

    expect(factOf(event)).toBeUndefined();
    expect(isSandboxEvent('conclave.decision.sealed.v1')).toBe(false);
    expect(eventTypes).toContain(event.type);
  });

  test('is told to webhooks with its own links, without what a person or the code wrote', () => {
    const said = { type: 'sandbox.ended', ...withoutResult('error', 'said by the code') } as const;
    const [event] = streamOf([said]) as [LedgerEvent];

    const { data } = noticeOf(event);

    expect(data).toMatchObject({
      sandboxRun: 'r_1',
      links: {
        sandboxRun: '/v1/sandbox/runs/r_1',
        event: '/v1/sandbox/runs/r_1/events?after=0&limit=1',
      },
    });
    expect(JSON.stringify(data)).not.toContain('said by the code');
  });
});
