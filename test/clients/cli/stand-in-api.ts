import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runCommandLine } from '../../../clients/cli/program.ts';
import { listening } from './sealed-sample.ts';

/** A request as the API got it. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** Answers a request. */
export type Answer = (asked: Asked, response: ServerResponse) => void;

/** What a command came to. */
export interface Ended {
  readonly code: number;
  readonly printed: string;
  readonly noted: string;
}

/** A server in the place of the API, which answers as a test tells it. */
export interface StandInApi {
  readonly url: string;
  /** Of this test alone; it goes when the server is closed. */
  readonly folder: string;
  /** Every request so far. */
  readonly asked: readonly Asked[];
  /** How the next requests are answered: with an empty object, unless a test says otherwise. */
  answer: Answer;
  /** Runs a command that knows the address and a key, with `folder` for its data. */
  conclave(...args: readonly string[]): Promise<Ended>;
  /** May be called again. */
  close(): Promise<void>;
}

/** Opens a stand-in on a free port of loopback, with an empty folder. */
export async function openStandInApi(): Promise<StandInApi> {
  const asked: Asked[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'conclave-cli-'));
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
      };
      asked.push(seen);
      api.answer(seen, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { CONCLAVE_URL: url, CONCLAVE_API_KEY: 'secret', CONCLAVE_DATA: folder };
  const api: StandInApi = {
    url,
    folder,
    asked,
    answer: json(200, {}),
    conclave: (...args) => runWith(env, ...args),
    close: async () => {
      if (server.listening) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  return api;
}

/** Runs a command in an environment that holds this and nothing else. */
export async function runWith(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Ended> {
  const { surroundings, printed, noted } = listening(env);
  const code = await runCommandLine(args, surroundings);
  return { code, printed: printed.join('\n'), noted: noted.join('\n') };
}

/** Answers every request with this status and JSON. */
export function json(status: number, body: unknown): Answer {
  return (_asked, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}
