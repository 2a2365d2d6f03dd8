import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { startEgressProxy } from '../../../activities/commands/egress-proxy.ts';
import type { EgressProxy } from '../../../activities/commands/egress-proxy.ts';
import type { EgressRules } from '../../../activities/commands/egress-rules.ts';
import { startServer } from '../../support/providers.ts';
import type { TestServer } from '../../support/providers.ts';

const nothing: EgressRules = { hosts: [], upstream: null };
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A proxy, and the socket at which it listens. */
type Listening = EgressProxy & { readonly socketPath: string };

async function proxy(rules: EgressRules): Promise<Listening> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-egress-'));
  const socketPath = join(folder, 'egress.sock');
  const started = await startEgressProxy(rules, socketPath);
  open.push(started, { close: () => rm(folder, { recursive: true }) });
  return { ...started, socketPath };
}

/** A provider that says what it was asked. */
async function provider(): Promise<TestServer & { readonly host: string }> {
  const server = await startServer((response, path) => {
    const { headers, method } = response.req;
    response.setHeader('x-came', 'yes');
    response.end(JSON.stringify({ method, path, headers }));
  });
  open.push(server);
  return { ...server, host: new URL(server.url).host };
}

interface Came {
  readonly status: number | undefined;
  readonly text: string;
}

async function get(
  { socketPath }: Listening,
  path: string,
  headers: Record<string, string> = {},
): Promise<Came> {
  const sent = request({ socketPath, path, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, text: Buffer.concat(chunks).toString() };
}

/** Says `CONNECT`, then what follows, and gives all that came back. */
async function tunnelled({ socketPath }: Listening, host: string, then: string): Promise<string> {
  const socket = connect(socketPath);
  socket.write(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    if (text === '' && chunk.toString().includes('200')) socket.write(then);
    text += chunk.toString();
    if (text.endsWith('!')) socket.end();
  });
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return text;
}

async function echo(): Promise<{ readonly port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => socket.write(`echo ${chunk.toString()}`));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { port: (server.address() as AddressInfo).port };
}

test('refuses everything where nothing is allowed, and says so', async () => {
  const via = await proxy(nothing);

  expect(await get(via, 'http://example.com/a')).toEqual({
    status: 403,
    text: "example.com:80 is not among the hosts that this program may reach; a person can grant it in the agent's network.hosts\n",
  });
  expect(await get(via, '/v1/models')).toMatchObject({ status: 403 });
  expect(await tunnelled(via, 'example.com:443', '')).toMatch(
    /^HTTP\/1\.1 403 Forbidden\r\n.*example\.com:443 is not among/s,
  );
  expect(via.traffic()).toEqual([
    { host: 'example.com:80', isAllowed: false, requests: 1, sentBytes: 0, receivedBytes: 0 },
    { host: 'example.com:443', isAllowed: false, requests: 1, sentBytes: 0, receivedBytes: 0 },
  ]);
});

test('lets plain HTTP through to an allowed host as it is', async () => {
  const to = await provider();
  const via = await proxy({ ...nothing, hosts: [to.host.toUpperCase()] });
  const came = await get(via, `${to.url}/a?b=c`, {
    'x-api-key': 'own',
    'proxy-authorization': 'secret',
    te: 'trailers',
  });

  const said = JSON.parse(came.text) as { headers: Record<string, string> };
  expect(said).toMatchObject({
    method: 'GET',
    path: '/a?b=c',
    headers: { host: to.host, 'x-api-key': 'own' },
  });
  expect(said.headers).not.toHaveProperty('proxy-authorization');
  expect(said.headers).not.toHaveProperty('te');
  expect(via.traffic()).toMatchObject([
    { host: to.host, requests: 1, receivedBytes: came.text.length },
  ]);
});

test.each(['http://user:pass@HOST/a', 'https://HOST/a', 'ftp://HOST/a'])(
  'refuses %s though its host is allowed',
  async (form) => {
    const to = await provider();
    const via = await proxy({ ...nothing, hosts: [to.host] });

    expect(await get(via, form.replace('HOST', to.host))).toMatchObject({ status: 403 });
  },
);

test('puts the key into what is for the upstream, in place of every other', async () => {
  const to = await provider();
  const key = { header: 'X-Api-Key', value: 'real' };
  const via = await proxy({ ...nothing, upstream: { url: `${to.url}/base/`, key } });
  const came = await get(via, '/v1/messages?beta=1', {
    'x-api-key': 'placeholder',
    authorization: 'Bearer placeholder',
    'anthropic-version': '2023-06-01',
  });

  const said = JSON.parse(came.text) as { headers: Record<string, string> };
  expect(said).toMatchObject({
    path: '/base/v1/messages?beta=1',
    headers: { 'x-api-key': 'real', 'anthropic-version': '2023-06-01', host: to.host },
  });
  expect(said.headers).not.toHaveProperty('authorization');
});

test('puts the key into plain HTTP that names the upstream', async () => {
  const to = await provider();
  const key = { header: 'authorization', value: 'Bearer real' };
  const via = await proxy({ ...nothing, upstream: { url: to.url, key } });

  expect(JSON.parse((await get(via, 'http://127.0.0.1/v1')).text)).toMatchObject({
    path: '/v1',
    headers: { authorization: 'Bearer real' },
  });
});

test('keeps what is asked of the upstream below its path', async () => {
  const to = await provider();
  const via = await proxy({ ...nothing, upstream: { url: `${to.url}/base`, key: null } });

  expect(JSON.parse((await get(via, '/../../a', { 'x-api-key': 'own' })).text)).toMatchObject({
    path: '/base/a',
    headers: { 'x-api-key': 'own' },
  });
  expect(await get(via, '//elsewhere/a')).toMatchObject({ status: 403 });
});

test('gives no key to another host', async () => {
  const to = await provider();
  const key = { header: 'x-api-key', value: 'real' };
  const upstream = { url: 'https://api.example.com', key };
  const via = await proxy({ hosts: [to.host], upstream });

  expect((await get(via, `${to.url}/a`)).text).not.toContain('real');
});

test('opens a tunnel to an allowed host and counts its bytes', async () => {
  const { port } = await echo();
  const host = `127.0.0.1:${String(port)}`;
  const via = await proxy({ ...nothing, hosts: [host] });

  expect(await tunnelled(via, host, 'hello!')).toBe(
    'HTTP/1.1 200 Connection Established\r\n\r\necho hello!',
  );
  expect(via.traffic()).toEqual([
    { host, isAllowed: true, requests: 1, sentBytes: 6, receivedBytes: 11 },
  ]);
});

test('says that an allowed host cannot be reached', async () => {
  const via = await proxy({ ...nothing, hosts: ['127.0.0.1:1'] });

  expect(await get(via, 'http://127.0.0.1:1/a')).toEqual({
    status: 502,
    text: '127.0.0.1:1 cannot be reached (ECONNREFUSED)\n',
  });
  expect(await tunnelled(via, '127.0.0.1:1', '')).toBe('');
});

test('lives through what is no HTTP', async () => {
  const via = await proxy(nothing);
  const socket = connect(via.socketPath);
  socket.on('error', () => undefined);
  socket.end('\u0016\u0003\u0001 nonsense\r\n\r\n');
  await once(socket, 'close');

  expect(await get(via, '/')).toMatchObject({ status: 403 });
});

test.each(['/\\', '/\\['])('refuses the path %s, which is none', async (path) => {
  const via = await proxy({ ...nothing, upstream: { url: 'http://127.0.0.1:1', key: null } });

  expect(await get(via, path)).toMatchObject({ status: 403 });
});

test('says that a key which no header can hold is not sent', async () => {
  const to = await provider();
  const key = { header: 'x-api-key', value: 'real\n' };
  const via = await proxy({ ...nothing, upstream: { url: to.url, key } });

  expect(await get(via, '/v1')).toEqual({
    status: 502,
    text: `${to.host} cannot be asked (ERR_INVALID_CHAR)\n`,
  });
});

test('says that an answer with an impossible status is none', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    socket.end('HTTP/1.1 099 odd\r\ncontent-length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () =>
      new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      ),
  });
  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const via = await proxy({ ...nothing, hosts: [host] });

  expect(await get(via, `http://${host}/a`)).toEqual({
    status: 502,
    text: `${host} answers with an impossible status\n`,
  });
});

test('counts a flood of names together', async () => {
  const via = await proxy(nothing);
  for (let index = 0; index < 70; index += 1)
    await get(via, `http://h${String(index)}.example.com/`);

  expect(via.traffic()).toHaveLength(65);
  expect(via.traffic().at(-1)).toMatchObject({ host: 'others', requests: 6 });
});

test('listens on a socket that another user may open, and takes its tunnels down with it', async () => {
  const { port } = await echo();
  const host = `127.0.0.1:${String(port)}`;
  const via = await proxy({ ...nothing, hosts: [host] });
  const socket = connect(via.socketPath);
  socket.write(`CONNECT ${host} HTTP/1.1\r\n\r\n`);
  await once(socket, 'data');
  const { mode } = await stat(via.socketPath);
  const closed = once(socket, 'close');

  await via.close();
  await closed;

  expect(mode & 0o006).toBe(0o006);
  await expect(via.close()).resolves.toBeUndefined();
});

test('tells what was refused of a host apart from what went there', async () => {
  const to = await provider();
  const via = await proxy({ ...nothing, hosts: [to.host] });

  await get(via, `http://user:pass@${to.host}/a`);
  await get(via, `${to.url}/a`);

  expect(via.traffic()).toMatchObject([
    { host: to.host, isAllowed: false, requests: 1, receivedBytes: 0 },
    { host: to.host, isAllowed: true, requests: 1 },
  ]);
});

test('fails where it cannot listen', async () => {
  await expect(startEgressProxy(nothing, '/nowhere/egress.sock')).rejects.toThrow(/ENOENT|EACCES/);
});
