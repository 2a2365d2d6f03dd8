import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Webhook } from 'standardwebhooks';

import { within } from '../../support/within.ts';

/** A request as a receiver got it. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** How a receiver answers: with a status, or by itself; `hang` answers never. */
export type Answering = number | 'hang' | ((response: ServerResponse, received: Received) => void);

/** A receiver of webhooks, on a free port of this machine. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Most requests that were open at a time. */
  readonly openMost: number;
  /** How requests are answered from now on; with 204 at first. */
  answer(answering: Answering): void;
  /** Resolves as soon as so many requests have come; rejects, saying which have, when that takes too long. */
  count(count: number): Promise<readonly Received[]>;
  /** Resolves as soon as a request has come for which this holds; rejects likewise. */
  until(wanted: (received: Received) => boolean): Promise<Received>;
  close(): Promise<void>;
}

/** Longest wait for requests: far more than a thousand of them take. */
const withinMs = 60_000;
/** As many of the last requests are named where others were waited for. */
const namedMax = 20;

/** Opens a receiver. */
export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  let answering: Answering = 204;
  let open = 0;
  let openMost = 0;
  const server = createServer((request, response) => {
    open += 1;
    openMost = Math.max(open, openMost);
    response.on('close', () => (open -= 1));
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const one = { headers: request.headers, body, atMs: Date.now() };
      received.push(one);
      if (typeof answering === 'number') response.writeHead(answering).end();
      else if (answering !== 'hang') answering(response, one);
      for (const look of [...waiting]) look();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const when = async <T>(wanted: string, find: () => T | undefined): Promise<T> => {
    let look = (): void => undefined;
    try {
      return await within<T>(
        withinMs,
        () => `${wanted}; ${String(received.length)} came: ${toldIn(received)}`,
        (resolve) => {
          look = () => {
            const found = find();
            if (found !== undefined) resolve(found);
          };
          waiting.add(look);
          look();
        },
      );
    } finally {
      waiting.delete(look);
    }
  };
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`,
    received,
    get openMost() {
      return openMost;
    },
    answer: (next) => {
      answering = next;
    },
    count: (count) =>
      when(`${String(count)} requests`, () => (received.length >= count ? received : undefined)),
    until: (wanted) => when(`a request for which ${String(wanted)}`, () => received.find(wanted)),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Ids and types of the last requests. */
function toldIn(received: readonly Received[]): string {
  return received
    .slice(-namedMax)
    .map(({ headers, body }) => `${String(headers['webhook-id'])} ${typeIn(body)}`)
    .join(', ');
}

function typeIn(body: string): string {
  return /"type":"([^"]*)"/.exec(body)?.[1] ?? '(no type)';
}

/** Verifies a request as the reference library does, and gives its notice. */
export function verified(
  { headers, body }: Received,
  secret: string,
): { readonly type: string; readonly timestamp: string; readonly data: Record<string, unknown> } {
  return new Webhook(secret).verify(body, headers as Record<string, string>) as ReturnType<
    typeof verified
  >;
}
