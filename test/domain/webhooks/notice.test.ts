import { expect, test } from '@jest/globals';

import type { Fact } from '../../../domain/collaboration/fact.ts';
import { eventOf } from '../../../domain/ledger/event.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { noticeOf, testNotice } from '../../../domain/webhooks/notice.ts';
import { planWith } from '../../support/plans.ts';

const time = '2026-11-21T09:00:00.000Z';
const event: LedgerEvent = {
  id: 'c_1/position',
  type: 'conclave.position.submitted.v1',
  source: '/collaborations/c_1/seats/s1',
  subject: 'proposal-1-s1',
  time,
  data: { seat: 's1', confidence: 0.7, content: { answer: 'Tabs.' } },
  stream: 'c_1',
  seq: 7,
  previousHash: 'ab',
  hash: 'cd',
};

test('a notice has the fact and where to read the rest, and no word of a participant', () => {
  const notice = noticeOf(event);

  expect(notice).toEqual({
    type: 'conclave.position.submitted.v1',
    timestamp: time,
    data: {
      collaboration: 'c_1',
      seq: 7,
      event: { ...event, data: { seat: 's1', confidence: 0.7 } },
      links: {
        collaboration: '/v1/collaborations/c_1',
        event: '/v1/collaborations/c_1/events?after=6&limit=1',
      },
    },
  });
});

test('a notice of an approval says where it is answered', () => {
  const data = { approval: 'decision-1', content: { question: 'Does it hold?' } };
  const type = 'conclave.approval.requested.v1';

  const notice = noticeOf({ ...event, type, data });

  expect(notice.data).toMatchObject({
    event: { data: { approval: 'decision-1' } },
    links: { approval: '/v1/approvals/c_1.decision-1' },
  });
  expect(JSON.stringify(notice)).not.toContain('Does it hold?');
});

const told = (fact: Fact, content?: unknown): unknown => {
  const about = { id: 'c_1/it', source: '/users/ann', subject: 'c_1', time, content };
  const { data } = noticeOf({ ...event, ...eventOf(fact, about) });
  return (data['event'] as LedgerEvent).data;
};

test('a notice of an opening has neither question nor plan', () => {
  const content = { question: 'Tabs or spaces?', options: [], materials: [], personas: {} };

  expect(told({ type: 'collaboration.opened', plan: planWith() }, content)).toEqual({});
});

test('a notice of a cancellation says who cancelled, and not why: that is in their words', () => {
  const reason = 'The client, Miller & Sons, withdrew.';

  expect(told({ type: 'collaboration.cancelled', by: 'ann', reason })).toEqual({ by: 'ann' });
});

test('a reason that is no words of a person is told', () => {
  const closed = { type: 'round.closed', round: 1, phase: 'vote', reason: 'certain' } as const;

  expect(told(closed)).toEqual({ round: 1, phase: 'vote', reason: 'certain' });
});

test('a test says which webhook it is of', () => {
  expect(testNotice('wh_1', time)).toEqual({
    type: 'conclave.webhook.tested.v1',
    timestamp: time,
    data: { webhook: 'wh_1', links: { webhook: '/v1/webhooks/wh_1' } },
  });
});
