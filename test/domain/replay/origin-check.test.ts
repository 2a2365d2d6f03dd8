import { expect, test } from '@jest/globals';

import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { originFindings, type OriginEvidence } from '../../../domain/replay/origin-check.ts';
import { planWith } from '../../support/plans.ts';
import { sha256 } from '../ledger/sample-run.ts';
import { saying } from './asking.ts';
import { runOf } from './driven-run.ts';
import { chainOf, driveOn, fork } from './forked-run.ts';

const origin = runOf(planWith({ stopOnStability: false }), saying({}));
const forked = driveOn(fork(origin.events, { seq: 6, rounds: 3 }), saying({}));

function found(evidence: Partial<OriginEvidence>): readonly string[] {
  const { record, events } = forked;
  return originFindings({ record, events, origin: origin.events, ...evidence }, sha256).map(
    ({ ok, check, message }) => `${ok ? 'ok' : 'FAILED'} ${check}: ${message}`,
  );
}

function withEvent(index: number, changes: Partial<LedgerEvent>): readonly LedgerEvent[] {
  return forked.events.map((event, at) => (at === index ? { ...event, ...changes } : event));
}

test('a fork is found in its origin, also where that went on', () => {
  expect(found({})).toEqual([
    'ok origin: 6 events are those of c_sample up to event 6, at no cost',
  ]);
});

test('a record of no fork has no origin', () => {
  const { record, events } = origin;

  expect(found({ record, events })).toEqual([
    'FAILED origin: the record is of no fork: its plan names no origin',
  ]);
});

test('what is no event is refused', () => {
  expect(found({ origin: [...origin.events.slice(0, 2), { seq: 3 }] })).toEqual([
    'FAILED origin: event at 3 of the origin is none',
  ]);
});

test('an origin whose chain does not hold is none', () => {
  const changed = origin.events.map((event) => (event.seq === 3 ? { ...event, time: '' } : event));

  expect(found({ origin: changed })).toEqual([
    expect.stringContaining("the origin's chain does not hold"),
  ]);
});

test.each([0, 4])('an origin of %i events does not reach far enough', (count) => {
  expect(found({ origin: origin.events.slice(0, count) })).toEqual([
    `FAILED origin: the fork goes on from event 6, the origin's events end at ${String(count)}`,
  ]);
});

test('another run is not the origin', () => {
  const other = chainOf(origin.events, 'c_other');

  expect(found({ origin: other })).toEqual([
    'FAILED origin: the fork comes from c_sample, these events are of c_other',
  ]);
});

test('a run of the same name with another history is not the origin', () => {
  const other = runOf(planWith({ stopOnStability: false }), saying({ s1: 'o2' }));

  expect(found({ origin: other.events })).toEqual([
    expect.stringContaining('event 6 of the origin should have the hash'),
  ]);
});

test('a fork that says to have taken over more or less than there was is found out', () => {
  expect(found({ events: forked.events.slice(0, 5) })).toEqual([
    'FAILED origin: the fork took 5 events over, its origin has 6 of them',
  ]);
  expect(found({ events: [] })).toEqual([
    'FAILED origin: the fork took 0 events over, its origin has 6 of them',
  ]);
});

test('a changed reply and a changed plan are named', () => {
  const [opened, , reply] = forked.events;
  const plan = { ...(opened?.data['plan'] as object), seed: 'ff' };
  const changedReply = { ...reply?.data, confidence: 0.1 };

  expect(found({ events: withEvent(2, { data: changedReply }) })).toEqual([
    'FAILED origin: event 3, data.confidence: the fork has 0.1, its origin 0.8',
  ]);
  expect(found({ events: withEvent(0, { data: { ...opened?.data, plan } }) })).toEqual([
    'FAILED origin: event 1, data.plan.seed: the fork has "ff", its origin "00ff"',
  ]);
});
