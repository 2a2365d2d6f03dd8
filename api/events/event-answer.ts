import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';

import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { shown } from '../../domain/planning/fault.ts';
import type { ApiEnv } from '../context.ts';
import { cut, pageOf } from '../page.ts';
import type { Page } from '../page.ts';
import type { ApiDeps } from '../ports.ts';
import { invalidRequest, keyedProblems } from '../routes.ts';
import { eventPageSchema } from '../schemas/event.ts';
import { queryInteger } from '../schemas/parameters.ts';
import type { StreamSource } from './stream-hub.ts';
import type { StreamHubs } from './stream-hubs.ts';

/** Events of a page where nothing is said. */
export const EVENTS_LIMIT = 100;
const LIMIT_MAX = 500;
/** Largest number that a stream can reach, less one: the ledger reads from the next number on. */
const AFTER_MAX = 2_147_483_646;

/** Headers of every route of events. */
export const eventsHeaders = z.object({
  'last-event-id': z
    .string()
    .optional()
    .openapi({ description: 'Where a broken stream goes on; comes before `after`.' }),
});

/** Query of every route of events. */
export const eventsQuery = z.strictObject({
  after: queryInteger({ from: 0, to: AFTER_MAX })
    .optional()
    .openapi({ description: 'Number of the last event that is known already.' }),
  limit: queryInteger({ from: 1, to: LIMIT_MAX }).optional(),
});

/** Answers of every route of events. */
export const eventsResponses = {
  200: {
    description: 'A page, or a stream.',
    content: {
      'application/json': { schema: eventPageSchema },
      'text/event-stream': { schema: z.string() },
    },
  },
  204: { description: 'A stream that is asked to go on after its end: there is nothing more.' },
  ...keyedProblems('not-found'),
};

/** A stream whose events are asked for. */
export interface AskedStream {
  readonly tenantId: string;
  readonly stream: string;
  /** Whether nothing more will come. */
  readonly isOver: boolean;
  readonly source: StreamSource;
}

/** Which of them, and how. */
export interface AskedEvents {
  readonly after: number;
  readonly limit: number;
  readonly lastEventId: string | undefined;
  readonly live: boolean;
}

/** Answers a page of a stream's events, or follows it where the request wants a stream. */
export async function answerEvents(
  c: Context<ApiEnv>,
  { deps, hubs }: { readonly deps: Pick<ApiDeps, 'ledger'>; readonly hubs: StreamHubs },
  { tenantId, stream, isOver, source }: AskedStream,
  { after, limit, lastEventId, live }: AskedEvents,
): Promise<Response> {
  if (!wantsStream(c)) {
    return c.json(await readPage(deps, c.req.url, { tenantId, stream, after, limit }), 200);
  }
  const last = numberOf(lastEventId);
  const head = await deps.ledger.head({ tenantId, stream });
  const from = Math.min(last ?? after, head.seq);
  if (last !== undefined && isOver && from === head.seq) return c.body(null, 204);
  const watching = { key: `${tenantId} ${stream}`, source, after: from, live };
  // Nobody reads or cancels the body of an answer to HEAD: its watcher would stay for ever.
  const body = c.req.method === 'HEAD' ? '' : hubs.watch(watching);
  return c.body(body, 200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
}

function wantsStream(c: Context<ApiEnv>): boolean {
  return /\btext\/event-stream\b/i.test(c.req.header('accept') ?? '');
}

async function readPage(
  deps: Pick<ApiDeps, 'ledger'>,
  url: string,
  page: { tenantId: string; stream: string; after: number; limit: number },
): Promise<Page<LedgerEvent, number>> {
  const { tenantId, stream, after, limit } = page;
  const found = await deps.ledger.read({ tenantId, stream, afterSeq: after, limit: limit + 1 });
  const { items, value } = cut(found, limit, (last) => last.seq);
  return pageOf(url, items, { parameter: 'after', value });
}

function numberOf(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw invalidRequest([
    { field: 'Last-Event-ID', got: shown(header), expected: 'the id of an event, a whole number' },
  ]);
}
