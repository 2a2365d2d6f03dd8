import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { runCommandLine } from '../../../clients/cli/program.ts';
import { printerInto } from '../../support/printer-into.ts';

const webhook = {
  id: 'wh_1',
  url: 'http://127.0.0.1:9/hook',
  events: ['*'],
  state: 'active',
  failures: 0,
  previousSecretUntil: null,
};
const delivery = {
  id: 'msg_c_1_7',
  type: 'conclave.decision.sealed.v1',
  state: 'dead',
  tries: 10,
  createdAt: '2026-11-21T09:00:00.000Z',
  nextTryAt: null,
  last: { status: null, error: 'timeout' },
};

let server: Server;
let url: string;
let asked: string[];
let answers: { status: number; body?: unknown }[];
let said: string[];

beforeEach(async () => {
  [asked, answers, said] = [[], [], []];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      asked.push([request.method, request.url, text].filter((part) => part !== '').join(' '));
      const { status, body } = answers.shift() ?? { status: 500 };
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterEach(async () => {
  server.close();
  await once(server, 'close');
});

async function run(...args: readonly string[]): Promise<number> {
  return await runCommandLine(['webhooks', ...args, '--url', url, '--key', 'k'], {
    env: {},
    printer: printerInto(said),
    signal: new AbortController().signal,
  });
}

test('a registered webhook shows its secret', async () => {
  answers = [{ status: 201, body: { ...webhook, secret: 'whsec_x' } }];

  expect(await run('add', webhook.url, '--description', 'ours')).toBe(0);

  expect(asked).toEqual([
    `POST /v1/webhooks {"url":"${webhook.url}","events":["*"],"description":"ours"}`,
  ]);
  expect(said.join('\n')).toContain('secret, shown this once: whsec_x');
});

test('types of events can be repeated', async () => {
  answers = [{ status: 201, body: webhook }];

  await run('add', 'http://h/', '--event', 'a', '--event', 'b');

  expect(asked[0]).toContain('"events":["a","b"]');
});

test.each([
  [['list'], 'GET /v1/webhooks', { items: [webhook] }, /wh_1 {2}active {2}http/],
  [['list'], 'GET /v1/webhooks', { items: [] }, /^none yet$/],
  [['show', 'wh_1'], 'GET /v1/webhooks/wh_1', { ...webhook, failures: 4 }, /in a row: 4/],
  [
    ['secret', 'wh_1'],
    'POST /v1/webhooks/wh_1/secret',
    { ...webhook, secret: 'whsec_y', previousSecretUntil: 'tomorrow' },
    /signs until tomorrow\nsecret, shown this once: whsec_y/,
  ],
  [['activate', 'wh_1'], 'POST /v1/webhooks/wh_1/activation', webhook, /active/],
  [['test', 'wh_1'], 'POST /v1/webhooks/wh_1/test', { ...delivery, last: null }, /msg_c_1_7/],
  [
    ['deliveries', 'wh_1', '--state', 'dead'],
    'GET /v1/webhooks/wh_1/deliveries?state=dead',
    { items: [delivery], next: 'abc' },
    /dead {2}10 tries .* timeout\nmore with --cursor abc/,
  ],
  [
    ['deliveries', 'wh_1'],
    'GET /v1/webhooks/wh_1/deliveries?',
    { items: [{ ...delivery, nextTryAt: 'soon', last: { status: 500, error: null } }], next: null },
    /status 500, next soon/,
  ],
  [
    ['redeliver', 'wh_1', 'msg_c_1_7'],
    'POST /v1/webhooks/wh_1/deliveries/msg_c_1_7/redelivery',
    delivery,
    /msg_c_1_7/,
  ],
])('%j asks %s', async (args, request, body, shown) => {
  answers = [{ status: 200, body }];

  expect(await run(...args)).toBe(0);

  expect(asked).toEqual([request]);
  expect(said.join('\n')).toMatch(shown);
});

test('all dead ones are sent again, a part at a time', async () => {
  answers = [10_000, 12, 0].map((redelivered) => ({ status: 202, body: { redelivered } }));

  expect(await run('redeliver', 'wh_1', '--dead')).toBe(0);

  expect(asked).toHaveLength(3);
  expect(said).toEqual(['10012 sent again']);
});

test('a removed webhook answers nothing', async () => {
  answers = [{ status: 204 }];

  expect(await run('remove', 'wh_1')).toBe(0);

  expect(asked).toEqual(['DELETE /v1/webhooks/wh_1']);
  expect(said).toEqual(['wh_1  removed']);
});

test.each([[['redeliver', 'wh_1']], [['redeliver', 'wh_1', 'msg_1', '--dead']]])(
  '%j says what was expected',
  async (args) => {
    expect(await run(...args)).toBe(2);

    expect(asked).toEqual([]);
    expect(said.join('\n')).toContain('either a delivery or --dead');
  },
);
