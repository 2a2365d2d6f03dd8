import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { runCommandLine } from '../../../clients/cli/program.ts';
import { listening } from './sealed-sample.ts';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly accept: string | undefined;
  readonly body: unknown;
}

const held = (
  choice: string | readonly string[] | null,
  isRight: boolean | null,
  confidence: number | null,
) => ({
  choice,
  confidence,
  isRight,
});

const resolution = {
  answer: 'Postgres',
  control: { answer: null, isRight: null },
  final: { answer: 'Postgres', isRight: true },
  effect: 'helped',
  seats: [
    {
      seat: 's1',
      agent: 'ada',
      blind: held('MySQL', false, 0.9),
      final: held('Postgres', true, null),
    },
    { seat: 's2', agent: 'bob', blind: held(null, null, null), final: null },
    { seat: 's3', agent: 'cyd', blind: held(['MySQL', 'SQLite'], false, 0.5), final: null },
  ],
};

const kinds = {
  factual: { questions: 2, trials: 3, expectedAccuracy: 0.625, brier: 0.21 },
  design: { questions: 0, trials: 0, expectedAccuracy: 0.6, brier: null },
};

const calibration = {
  ...{ agent: 'ada', provider: 'openai', model: 'm', simulated: true, questions: 2, trials: 3 },
  score: {
    ...{ accuracy: 2 / 3, meanConfidence: 0.9, brier: 0.21, expectedCalibrationError: 0.234 },
    bins: [
      { from: 0.8, to: 0.9, trials: 0, meanConfidence: null, accuracy: null },
      { from: 0.9, to: 1, trials: 3, meanConfidence: 0.9, accuracy: 2 / 3 },
    ],
  },
  kinds,
};

let server: Server;
let url: string;
let folder: string;
let asked: Asked[];
let answer: { status: number; body: string };

beforeEach(async () => {
  asked = [];
  folder = await mkdtemp(join(tmpdir(), 'conclave-truth-'));
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      asked.push({ method, url: path, accept: headers.accept, body });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(answer.body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  await rm(folder, { recursive: true, force: true });
});

async function conclave(...args: readonly string[]) {
  const environment = { CONCLAVE_URL: url, CONCLAVE_API_KEY: 'k', CONCLAVE_DATA: folder };
  const { surroundings, printed, noted } = listening(environment);
  const code = await runCommandLine(args, surroundings);
  return { code, printed: printed.join('\n'), noted: noted.join('\n') };
}

test('resolve sends the answer and shows who was right', async () => {
  answer = { status: 200, body: JSON.stringify(resolution) };
  const { code, printed } = await conclave('resolve', 'c_1', 'Postgres', '--note', 'measured');

  expect(asked).toMatchObject([
    {
      method: 'POST',
      url: '/v1/collaborations/c_1/resolution',
      body: { answer: 'Postgres', note: 'measured' },
    },
  ]);
  expect(printed.split('\n').map((line) => line.trim())).toEqual(
    [
      'true: Postgres',
      'blind vote: no decision',
      'decision: Postgres (right); it helped',
      'agent  blind                              in the end',
      's1  ada    MySQL (wrong, 0.90 sure)           Postgres (right)',
      's2  bob    -                                  -',
      's3  cyd    MySQL, SQLite (wrong, 0.50 sure)   -',
    ].map((line) =>
      expect.stringMatching(new RegExp(`^${line.replace(/[()]/g, '\\$&').replace(/ +/g, ' +')}$`)),
    ),
  );
  expect(code).toBe(0);
});

test('resolve without a note sends none, and shows a refusal as the API says it', async () => {
  const errors = [{ field: 'answer', got: '"x"', expected: '"Postgres"' }];
  answer = {
    status: 409,
    body: JSON.stringify({ code: 'already-resolved', detail: 'It stays so.', errors }),
  };
  const { code, noted } = await conclave('resolve', 'c_1', 'x');

  expect(asked[0]?.body).toEqual({ answer: 'x' });
  expect(noted).toContain('409 already-resolved: It stays so.');
  expect(noted).toContain('answer: got "x", expected "Postgres"');
  expect(code).toBe(1);
});

test('calibration shows scores, bins that have answers, and every kind', async () => {
  answer = { status: 200, body: JSON.stringify(calibration) };
  const { printed } = await conclave('calibration', 'ada');

  expect(asked[0]?.url).toBe('/v1/agents/ada/calibration');
  expect(printed).toContain('ada: openai/m [simulated], 3 blind answers to 2 resolved questions');
  expect(printed).toContain('right in 67 %, stated 90 %; Brier score 0.210');
  expect(printed).toMatch(/^0\.9-1\.0 +3 +90 % +67 %$/m);
  expect(printed).not.toContain('0.8-0.9');
  expect(printed).toMatch(/^factual +2 +3 +63 % +0\.210$/m);
  expect(printed).toMatch(/^design +0 +0 +60 % +-$/m);
});

test('calibration of a model without answers says so', async () => {
  answer = { status: 200, body: JSON.stringify({ ...calibration, score: null, simulated: false }) };
  const { printed } = await conclave('calibration', 'ada');

  expect(printed).toContain('ada: openai/m, 3');
  expect(printed).toContain('no answer with a confidence yet');
});

test('calibration saves the plot where that is asked', async () => {
  answer = { status: 200, body: '<svg/>' };
  const file = join(folder, 'ada.svg');
  const { noted } = await conclave('calibration', 'ada', '--plot', file);

  expect(asked[0]?.accept).toBe('image/svg+xml');
  expect(await readFile(file, 'utf8')).toBe('<svg/>');
  expect(noted).toContain('6 bytes');
});

test.each([
  ['resolve', 'c_1', 'Postgres'],
  ['calibration', 'ada'],
])('%s answers programs as the API answered', async (...args) => {
  answer = { status: 200, body: JSON.stringify({ any: 1 }) };
  const { printed } = await conclave(...args, '--json');

  expect(JSON.parse(printed)).toEqual({ any: 1 });
});

test('a start says what it is about and how many may be faulty', async () => {
  answer = { status: 202, body: JSON.stringify({ id: 'c_1', status: 'queued' }) };
  await conclave(
    ...['consensus', 'Which?', '--question-kind', 'security', '--tolerated-faults', '1'],
    ...['--protocol', '{"kind":"weighted","by":"record"}'],
  );

  expect(asked[0]?.body).toMatchObject({
    questionKind: 'security',
    toleratedFaults: 1,
    protocol: { kind: 'weighted', by: 'record' },
  });
});
