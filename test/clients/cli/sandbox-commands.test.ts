import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { openStandInApi, type StandInApi } from './stand-in-api.ts';

const result = {
  reason: '',
  exitCode: 0,
  value: null,
  stdout: 'said\n',
  stderr: '',
  diff: null,
  files: [],
  durationMs: 12.4,
  backend: { name: 'bwrap' },
};
const shown = { id: 'r_1', lane: 'command', status: 'ok', createdAt: '2026', result };

let api: StandInApi;

beforeEach(async () => {
  api = await openStandInApi();
});

afterEach(async () => {
  await api.close();
});

function answersWith(body: unknown): void {
  api.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

test('a snippet is run, and what it gave is printed', async () => {
  answersWith({ ...shown, result: { ...result, stdout: '', value: '42' } });

  const ended = await api.conclave('sandbox', 'run', '--code', 'output(42)', '--seed', 's');

  expect(ended).toMatchObject({ code: 0, printed: expect.stringContaining('42') });
  expect(ended.noted).toContain('r_1  ok after 12 ms, bwrap');
  expect(api.asked).toMatchObject([
    {
      method: 'POST',
      url: '/v1/sandbox/runs',
      headers: { prefer: 'wait=120' },
      body: { lane: 'javascript', code: 'output(42)', seed: 's' },
    },
  ]);
});

test('a command is what stands after --, with folders, variables and limits', async () => {
  answersWith(shown);
  const options = ['--grant', 'sources:/work:copy', '--grant', 'cache:/cache', '--env', 'A=b=c'];
  const more = ['--stdin', 'in', '--time-ms', '500', '--memory-bytes', '9000000'];

  await api.conclave('sandbox', 'run', ...options, ...more, '--', 'ls', '-l');

  expect(api.asked[0]?.body).toEqual({
    lane: 'command',
    argv: ['ls', '-l'],
    grants: [
      { folder: 'sources', path: '/work', mode: 'copy' },
      { folder: 'cache', path: '/cache', mode: 'read' },
    ],
    env: { A: 'b=c' },
    stdin: 'in',
    limits: { timeMs: 500, memoryBytes: 9_000_000 },
  });
});

test('a snippet may come from a file, of another lane', async () => {
  answersWith(shown);
  const file = join(api.folder, 'snippet.py');
  await writeFile(file, 'output(1)\n');

  await api.conclave('sandbox', 'run', '--lane', 'python', '--file', file);

  expect(api.asked[0]?.body).toEqual({ lane: 'python', code: 'output(1)\n' });
});

test('a run that did not end well ends the command so, with its reason', async () => {
  const files = [{ path: 'a\u001b[31m', artifact: 'f'.repeat(64), bytes: 3 }];
  const changes = { stderr: 'wrong\u0007\n', reason: 'exit code 3', files };
  answersWith({ ...shown, status: 'error', result: { ...result, ...changes } });

  const ended = await api.conclave('sandbox', 'run', '--', 'false');

  expect(ended.code).toBe(1);
  expect(ended.printed).toContain('said');
  expect(ended.noted).toContain('error: exit code 3');
  expect(ended.noted).toContain('wrong\uFFFD');
  expect(ended.noted).toContain(`file a\uFFFD[31m: 3 bytes, artifact ${'f'.repeat(64)}`);
});

test('what is long is named by its artifact, and what goes on by its state', async () => {
  answersWith({ ...shown, result: { ...result, stdout: { artifact: 'abc', bytes: 70_000 } } });
  const long = await api.conclave('sandbox', 'show', 'r_1');
  answersWith({ id: 'r_1', status: 'running', links: {} });
  const running = await api.conclave('sandbox', 'show', 'r_1');
  answersWith(shown);
  const json = await api.conclave('sandbox', 'show', 'r_1', '--json');

  expect(long.printed).toContain('(70000 bytes: artifact abc)');
  expect(running.printed).toContain('r_1  running');
  expect(JSON.parse(json.printed)).toEqual(shown);
});

test('runs are listed and ended', async () => {
  answersWith({ items: [shown], next: 'more' });
  const listed = await api.conclave('sandbox', 'list', '--status', 'ok', '--limit', '1');
  answersWith({ id: 'r_1', status: 'running', links: {} });
  const cancelled = await api.conclave('sandbox', 'cancel', 'r_1', '--reason', 'enough');

  expect(listed.printed).toMatch(/r_1 +2026 +command +ok/);
  expect(listed.noted).toContain('--cursor more');
  expect(cancelled.printed).toContain('is being ended');
  expect(api.asked.map(({ method, url, body }) => [method, url, body])).toEqual([
    ['GET', '/v1/sandbox/runs?status=ok&limit=1', undefined],
    ['POST', '/v1/sandbox/runs/r_1/cancel', { reason: 'enough' }],
  ]);
});

test.each([
  [['--grant', 'sources'], '--grant: got sources, expected folder:/path:mode'],
  [['--grant', 'a:/b:copy:x'], '--grant: got a:/b:copy:x'],
  [['--env', 'A'], '--env: got "A", expected name=value'],
  [['--file', '/nowhere/at/all'], '--file: /nowhere/at/all cannot be read'],
])('%j is refused before anything is asked', async (options, message) => {
  const ended = await api.conclave('sandbox', 'run', ...options, '--', 'true');

  expect(ended.code).toBe(2);
  expect(ended.noted).toContain(message);
  expect(api.asked).toEqual([]);
});
