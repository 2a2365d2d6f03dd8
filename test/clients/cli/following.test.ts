import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { sealedSample } from './sealed-sample.ts';
import { json, openStandInApi, type StandInApi } from './stand-in-api.ts';

const sample = sealedSample();
const seal = {
  ...sample.events[0],
  type: 'conclave.decision.sealed.v1',
  seq: 14,
  data: { content: { record: 'r' } },
} as LedgerEvent;

let api: StandInApi;

beforeEach(async () => {
  api = await openStandInApi();
});

afterEach(() => api.close());

describe('following', () => {
  function frames(events: readonly LedgerEvent[]): string {
    return events
      .map((event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join('');
  }

  const opening = 'retry: 1\n: open\n\n';
  const end = 'event: end\ndata: {"seq":14}\n\n';

  test('shows every event and then the decision', async () => {
    api.answer = (one, response) => {
      if (one.url.endsWith('/decision')) json(200, sample.record.decision)(one, response);
      else response.end(opening + frames([...sample.events, seal]) + end);
    };
    const { code, printed } = await api.conclave('follow', 'c_1');

    expect(printed.split('\n').filter((line) => /^ +\d+ {2}/.test(line))).toHaveLength(14);
    expect(printed).toContain('decided: Postgres');
    expect(code).toBe(0);
  });

  test('takes up a broken stream after the last event, with none left out or doubled', async () => {
    api.answer = (one, response) => {
      if (api.asked.length === 1) {
        response.write(opening + frames(sample.events.slice(0, 5)), () => {
          response.destroy();
        });
      } else if (api.asked.length === 2) json(503, { detail: 'away' })(one, response);
      else response.end(frames([...sample.events.slice(5), seal]) + end);
    };
    const { code, printed, noted } = await api.conclave('follow', 'c_1', '--json');
    const numbers = printed.split('\n').map((line) => (JSON.parse(line) as LedgerEvent).seq);

    expect(numbers).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
    expect(api.asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '5', '5']);
    expect(noted).toContain('connection lost');
    expect(code).toBe(0);
  });

  test('begins where it was told', async () => {
    api.answer = (_asked, response) => response.end(frames([seal]) + end);
    await api.conclave('follow', 'c_1', '--after', '13', '--json');

    expect(api.asked[0]?.url).toBe('/v1/collaborations/c_1/events?after=13&live=false');
  });

  test('ends with 1 for a run that ended without a decision', async () => {
    api.answer = (_asked, response) => response.end(frames(sample.events.slice(0, 2)) + end);
    const { code, noted } = await api.conclave('follow', 'c_1');

    expect(noted).toContain('c_1 ended without a decision');
    expect(code).toBe(1);
  });

  test('does not insist where the API refuses', async () => {
    api.answer = json(404, { code: 'not-found', detail: 'There is no collaboration c_1.' });
    const { code, noted } = await api.conclave('follow', 'c_1');

    expect(noted).toBe('conclave: 404 not-found: There is no collaboration c_1.');
    expect({ code, asked: api.asked.length }).toEqual({ code: 1, asked: 1 });
  });

  test('begins right after a start that asks for it', async () => {
    api.answer = (one, response) => {
      if (one.method === 'POST') json(202, { id: 'c_9', status: 'queued' })(one, response);
      else response.end(frames([seal]) + end);
    };
    await api.conclave('debate', 'Which store?', '--follow', '--json');

    expect(api.asked.map((one) => one.url)).toEqual([
      '/v1/collaborations',
      '/v1/collaborations/c_9/events?after=0&live=false',
    ]);
  });
});
