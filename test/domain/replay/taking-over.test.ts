import { describe, expect, test } from '@jest/globals';

import type { LedgerEvent, NewEvent } from '../../../domain/ledger/event.ts';
import { originFindings } from '../../../domain/replay/origin-check.ts';
import { planWith } from '../../support/plans.ts';
import { sha256 } from '../ledger/sample-run.ts';
import { saying } from './asking.ts';
import { recordFor, runOf } from './driven-run.ts';
import { chainOf, driveOn, fork } from './forked-run.ts';

const plan = planWith({ rounds: 2, stopOnStability: false });

/** A run in which somebody said something under a key of their own, as its fourth event. */
function toldOnce(): readonly LedgerEvent[] {
  const [opened, round, first, ...rest] = runOf(plan, saying({})).events;
  const told: NewEvent = {
    id: 'c_sample/update-messages/k1',
    type: 'conclave.message.added.v1',
    source: '/api',
    subject: 'c_sample',
    time: '2026-11-21T09:00:03.500Z',
    data: { by: '/users/ann', messageId: 'key/k1', content: { text: 'Mind the licence.' } },
  };
  const before: readonly NewEvent[] = [opened, round, first].flatMap((event) => event ?? []);
  return chainOf([...before, told, ...rest], 'c_sample');
}

function idsOf(events: readonly { readonly id: string }[]): readonly string[] {
  return events.map(({ id }) => id);
}

describe('what somebody asked of a run under a key', () => {
  test('stands in its fork under its number, so that the key is free there', () => {
    expect(idsOf(fork(toldOnce(), { seq: 5 }).events)).toEqual([
      'c_fork/1',
      'c_fork/2',
      'c_fork/3',
      'c_fork/taken-4',
      'c_fork/4',
    ]);
  });

  test('stands in the fork of a fork under its number there', () => {
    const { events } = driveOn(fork(toldOnce(), { seq: 5, rounds: 2 }), saying({}));
    const told = { ...events[3], id: 'c_fork/update-messages/k1' } as LedgerEvent;
    const both = chainOf([...events.slice(0, 4), told, ...events.slice(4)]);

    const second = fork(both, { seq: 6 }, 'c_second');

    expect(idsOf(second.events).slice(3, 5)).toEqual(['c_second/taken-4', 'c_second/taken-5']);
    expect(new Set(idsOf(second.events)).size).toBe(6);
  });
});

describe('a fork is found in its origin', () => {
  const origin = toldOnce();
  const { events } = driveOn(fork(origin, { seq: 5, rounds: 2 }), saying({}));

  function foundIn(ofFork: readonly LedgerEvent[]): readonly string[] {
    const evidence = { record: recordFor(ofFork), events: ofFork, origin };
    return originFindings(evidence, sha256).map(({ message }) => message);
  }

  function withId(id: string): readonly LedgerEvent[] {
    return chainOf(events.map((event) => (event.seq === 4 ? { ...event, id } : event)));
  }

  const found = '5 events are those of c_sample up to event 5, at no cost';

  test('whose key it left behind', () => {
    expect(foundIn(events)).toEqual([found]);
  });

  test('whose key it kept, as forks did before', () => {
    expect(foundIn(withId('c_fork/update-messages/k1'))).toEqual([found]);
  });

  test('but not under any other name', () => {
    expect(foundIn(withId('c_fork/update-messages/k2'))).toEqual([
      'event 4, id: the fork has "c_fork/update-messages/k2", its origin "c_fork/taken-4"',
    ]);
  });
});
