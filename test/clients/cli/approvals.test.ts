import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { runCommandLine } from '../../../clients/cli/program.ts';
import { printerInto } from '../../support/printer-into.ts';

let server: Server;
let asked: string[];
let approval: Record<string, unknown>;
let lines: string[];

beforeEach(async () => {
  asked = [];
  lines = [];
  approval = {
    id: 'c_1.decision-1',
    point: 'decision',
    state: 'pending',
    question: 'The panel decided for "a".',
    answers: ['approve', 'reject', 'edit'],
    expiresAt: '2026-11-24T09:00:00.000Z',
    by: null,
    answer: null,
    choice: null,
  };
  server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push(`${String(request.method)} ${String(request.url)} ${body}`.trim());
      const isList = request.url?.startsWith('/v1/approvals?') ?? false;
      const shown = isList ? { items: [approval], next: 'abc' } : approval;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(shown));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function say(...args: string[]): Promise<number> {
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const surroundings = {
    env: {},
    printer: printerInto(lines),
    signal: new AbortController().signal,
  };
  return await runCommandLine([...args, '--url', url, '--key', 'k'], surroundings);
}

test('lists what waits for an answer, and how it can be answered', async () => {
  expect(await say('approvals', '--point', 'decision')).toBe(0);

  expect(asked).toEqual(['GET /v1/approvals?state=pending&point=decision']);
  expect(lines).toEqual([
    'c_1.decision-1  pending  approve|reject|edit until 2026-11-24T09:00:00.000Z  The panel decided for "a".',
    'more with --cursor abc',
  ]);
});

test('lists all of them, with who answered what', async () => {
  approval = { ...approval, state: 'answered', by: '/users/local', answer: 'edit', choice: 'b' };

  await say('approvals', '--state', 'all');

  expect(asked).toEqual(['GET /v1/approvals?']);
  expect(lines[0]).toContain('answered  edit "b" by /users/local');
});

test('prints what the API answers where that is asked for', async () => {
  await say('approvals', '--json');

  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ next: 'abc' });
});

test.each([
  [['approve', 'c_1.decision-1'], '{"answer":"approve"}'],
  [['reject', 'c_1.decision-1', '--comment', 'no'], '{"answer":"reject","comment":"no"}'],
  [['skip', 'c_1.decision-1', '--remember'], '{"answer":"skip","remember":true}'],
])('sends a plain answer: %j', async (args, body) => {
  expect(await say(...args)).toBe(0);

  expect(asked).toEqual([`POST /v1/approvals/c_1.decision-1 ${body}`]);
  expect(lines).toEqual(['c_1.decision-1  pending  -']);
});

test.each<[string, string[], string, string]>([
  ['decision', ['approve', 'reject', 'edit'], 'b', '{"answer":"edit","choice":"b"}'],
  ['start', ['reply', 'skip'], 'skip', '{"answer":"reply","choice":"skip"}'],
  ['gate', ['done', 'debate'], 'done', '{"answer":"done"}'],
])('sends words as the approval takes them: %s', async (point, answers, words, body) => {
  approval = { ...approval, point, answers };

  expect(await say('answer', 'c_1.decision-1', words)).toBe(0);

  expect(asked[1]).toBe(`POST /v1/approvals/c_1.decision-1 ${body}`);
});

test.each<[string, string[]]>([
  ['round', ['approve', 'reject']],
  ['gate', ['done', 'debate']],
])('says what is expected where words do not fit: %s', async (point, answers) => {
  approval = { ...approval, point, answers };

  expect(await say('answer', 'c_1.decision-1', 'perhaps')).toBe(2);

  expect(asked).toHaveLength(1);
  expect(lines).toEqual([`conclave: answer: got "perhaps", expected one of ${answers.join(', ')}`]);
});

test('starts a run that asks people', async () => {
  const flags = ['--ask', 'round', '--ask', 'decision', '--ask-first', 'Why?', '--ask-for', '60'];

  await say('debate', 'Which?', ...flags);

  expect(JSON.parse((asked[0] ?? '').split(' ').slice(2).join(' '))).toMatchObject({
    people: { points: ['round', 'decision'], questions: ['Why?'], expiresAfterSeconds: 60 },
  });
});
