import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { createWebhookPost } from '../../../activities/webhooks/webhook-post.ts';
import { webhookHosts } from '../../../domain/webhooks/webhook-hosts.ts';

let server: Server;
let port: number;
let requests: number;

beforeEach(async () => {
  requests = 0;
  server = createServer((_request, response) => {
    requests += 1;
    response.writeHead(204, { connection: 'keep-alive', 'retry-after': '7' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** Posts where names lead to these addresses, whatever the machine thinks; answers with the names that were asked for. */
async function post(url: string, addresses: readonly string[], hosts: readonly string[] = []) {
  const resolved: string[] = [];
  const send = createWebhookPost({
    judgeHost: webhookHosts({ hosts, loopback: true }),
    timeoutMs: 5000,
    resolve: (hostname) => {
      resolved.push(hostname);
      const found = addresses.map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }));
      return Promise.resolve(found);
    },
  });
  const { signal } = new AbortController();
  const request = { url, headers: { 'webhook-id': 'msg_1' }, body: '{}', signal };
  const results = [await send(request), await send(request)];
  return { results, resolved };
}

const refused = { kind: 'unanswered', failure: 'address-not-allowed' };

describe('a request', () => {
  test('goes to the address that was judged, which is looked for every time', async () => {
    const url = `http://localhost:${String(port)}/`;

    const { results, resolved } = await post(url, ['127.0.0.1']);

    const answered = { kind: 'answered', status: 204, retryAfter: '7', body: '' };
    expect(results).toEqual([answered, answered]);
    expect(resolved).toEqual(['localhost', 'localhost']);
    expect(requests).toBe(2);
  });

  test.each([
    ['this machine that lead elsewhere', 'http://localhost/', ['8.8.8.8'], []],
    ['all hosts that lead inside', 'https://hooks.example/', ['10.0.0.1', '127.0.0.1'], ['*']],
    [
      'all hosts that lead to metadata',
      'https://hooks.example/',
      ['::ffff:169.254.169.254'],
      ['*'],
    ],
    ['a domain that lead inside', 'https://a.b.example/', ['192.168.1.1'], ['*.b.example']],
    [
      'a listed host that lead to metadata',
      'https://h.example/',
      ['169.254.169.254'],
      ['h.example'],
    ],
    ['a host without addresses', 'https://h.example/', [], ['h.example']],
  ])('to names of %s is not sent', async (_, url, addresses, hosts) => {
    const { results, resolved } = await post(url, addresses, hosts);

    expect(results).toEqual([refused, refused]);
    expect(resolved).toHaveLength(2);
    expect(requests).toBe(0);
  });

  test('skips the addresses of a name that are not allowed', async () => {
    const { results } = await post(`http://localhost:${String(port)}/`, ['10.0.0.1', '127.0.0.1']);

    expect(results).toMatchObject([{ status: 204 }, { status: 204 }]);
  });

  test('that is answered with another protocol has failed', async () => {
    server.removeAllListeners('request');
    server.on('connection', (socket) => {
      socket.end('HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    });

    const { results } = await post(`http://127.0.0.1:${String(port)}/`, []);

    const failed = { kind: 'unanswered', failure: 'connection-failed' };
    expect(results).toEqual([failed, failed]);
  });

  test('that is ended comes to nothing', async () => {
    const ending = new AbortController();
    server.removeAllListeners('request');
    server.on('request', () => {
      ending.abort();
    });
    const judgeHost = webhookHosts({ hosts: [], loopback: true });
    const send = createWebhookPost({ judgeHost, timeoutMs: 5000 });

    const url = `http://127.0.0.1:${String(port)}/`;
    const result = await send({ url, headers: {}, body: '{}', signal: ending.signal });

    expect(result).toBeUndefined();
  });
});
