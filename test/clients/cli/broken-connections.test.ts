import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, expect, test } from '@jest/globals';

import { createApiClient } from '../../../clients/cli/api-client.ts';
import { follow } from '../../../clients/cli/event-stream.ts';

let server: Server | undefined;

afterEach(async () => {
  if (server === undefined) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function listenWith(answer: RequestListener): Promise<{ url: string; key: string }> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'k' };
}

test('a stream that has died without a word is taken up after its last event', async () => {
  const lastIds: unknown[] = [];
  const connection = await listenWith((request, response) => {
    lastIds.push(request.headers['last-event-id']);
    if (lastIds.length === 1) response.write('retry: 1\n\nid: 5\nevent: a\ndata: {}\n\n');
    else response.end('id: 6\nevent: b\ndata: {}\n\nevent: end\ndata: {}\n\n');
  });
  const { signal } = new AbortController();
  const client = createApiClient(connection, signal);

  const types: string[] = [];
  const run = { collaborationId: 'c_1', after: 0, live: false, signal, silenceMs: 50 };
  for await (const { type } of follow(client, run)) types.push(type);

  expect(types).toEqual(['a', 'b']);
  expect(lastIds).toEqual([undefined, '5']);
});

test('a request that waits ends when the person presses Ctrl-C', async () => {
  const interrupt = new AbortController();
  const connection = await listenWith(() => {
    interrupt.abort(); // and no answer
  });
  const client = createApiClient(connection, interrupt.signal);

  const asked = client.json({ method: 'POST', path: '/v1/collaborations', body: {} });

  await expect(asked).rejects.toThrow('interrupted');
});
