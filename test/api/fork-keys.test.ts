import { expect, test } from '@jest/globals';

import { createHouse } from './fake-house.ts';

const debate = { pattern: 'debate', question: 'Tabs or spaces?', options: ['tabs', 'spaces'] };
const headers = { 'idempotency-key': 'k1' };

async function idIn(response: Response): Promise<string> {
  return ((await response.json()) as { id: string }).id;
}

test('a message to a fork reaches it, also under a key that its origin has seen', async () => {
  const house = createHouse();
  const origin = await idIn(await house.post('/v1/collaborations', debate));
  house.append('a', origin, {
    id: `${origin}/update-messages/k1`,
    type: 'conclave.message.added.v1',
    data: { by: '/users/a', messageId: 'key/k1', content: { text: 'Mind the gap.' } },
  });
  const fork = await idIn(await house.post(`/v1/collaborations/${origin}/forks`, {}));

  const response = await house.post(
    `/v1/collaborations/${fork}/messages`,
    { text: 'Mind the licence.' },
    headers,
  );

  expect(response.status).toBe(200);
  expect(house.messages).toEqual([{ messageId: 'key/k1', text: 'Mind the licence.' }]);
  expect(house.steered).toEqual([
    expect.objectContaining({
      name: 'addMessage',
      target: expect.objectContaining({ collaborationId: fork, updateId: 'messages/k1' }),
    }),
  ]);
});
