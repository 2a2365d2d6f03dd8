import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { untilSeen } from '../../support/until-seen.ts';
import { openReceiver, verified } from '../webhooks/receiver.ts';
import type { Receiver } from '../webhooks/receiver.ts';
import { openLab } from './crash-lab.ts';
import type { CrashLab } from './crash-lab.ts';

const START_WITHIN_MS = 120_000;

let lab: CrashLab;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await openReceiver();
  lab = await openLab({ env: { CONCLAVE_WEBHOOK_TIMEOUT_MS: '1000' } });
}, START_WITHIN_MS);

afterAll(async () => {
  await lab.close();
  await receiver.close();
}, START_WITHIN_MS);

test(
  'what a killed worker was sending is sent again under the same id',
  async () => {
    receiver.answer('hang');
    const body = { url: receiver.url, events: ['*'] };
    const webhook = await lab.api<{ id: string; secret: string }>('/v1/webhooks', { body });
    const test = { method: 'POST' };
    const { id } = await lab.api<{ id: string }>(`/v1/webhooks/${webhook.id}/test`, test);
    await receiver.count(1);

    await lab.stack.kill('worker');
    receiver.answer(204);
    const [first, second] = await receiver.count(2);

    if (first === undefined || second === undefined) throw new Error('nothing came');
    expect([first, second].map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
    expect(verified(second, webhook.secret)).toEqual(verified(first, webhook.secret));
    expect(await ended(`/v1/webhooks/${webhook.id}/deliveries/${id}`)).toMatchObject({
      state: 'delivered',
      tries: 2,
    });
  },
  START_WITHIN_MS,
);

async function ended(path: string): Promise<{ readonly state: string }> {
  return await untilSeen(
    async () => await lab.api<{ state: string }>(path),
    ({ state }) => state !== 'pending',
  );
}
