import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';

import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { shown } from '../../domain/planning/fault.ts';
import { isEnded } from '../collaboration-status.ts';
import type { Api, ApiEnv } from '../context.ts';
import type { StreamHubs } from '../events/stream-hubs.ts';
import type { StreamSource } from '../events/stream-hub.ts';
import { readLiveText } from '../events/live-text.ts';
import { cut, pageOf } from '../page.ts';
import type { Page } from '../page.ts';
import type { ApiDeps } from '../ports.ts';
import { invalidRequest, keyedProblems } from '../routes.ts';
import { eventPageSchema } from '../schemas/event.ts';
import { collaborationParams, queryFlag, queryInteger } from '../schemas/parameters.ts';
import { findCollaboration } from './collaborations.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 500;
/** Largest number that a stream can reach, less one: the ledger reads from the next number on. */
const AFTER_MAX = 2_147_483_646;

const eventsRoute = createRoute({
  method: 'get',
  path: '/v1/collaborations/{id}/events',
  operationId: 'readEvents',
  summary: 'Read or follow the events of a collaboration',
  description:
    'As JSON, a page of the ledger. With `Accept: text/event-stream`, all events from there on as they ' +
    'happen: `id` is the number of the event, `event` its type, `data` the event. `live` events carry ' +
    'text as it streams; they have no id and are not repeated. `end` is the last one.',
  request: {
    params: collaborationParams,
    headers: z.object({
      'last-event-id': z
        .string()
        .optional()
        .openapi({ description: 'Where a broken stream goes on; comes before `after`.' }),
    }),
    query: z.strictObject({
      after: queryInteger({ from: 0, to: AFTER_MAX })
        .optional()
        .openapi({ description: 'Number of the last event that is known already.' }),
      limit: queryInteger({ from: 1, to: LIMIT_MAX }).optional(),
      live: queryFlag().optional().openapi({ description: '`false`: only events of the ledger.' }),
    }),
  },
  responses: {
    200: {
      description: 'A page, or a stream.',
      content: {
        'application/json': { schema: eventPageSchema },
        'text/event-stream': { schema: z.string() },
      },
    },
    204: { description: 'A stream that is asked to go on after its end: there is nothing more.' },
    ...keyedProblems('not-found'),
  },
});

/** Adds the route that pages and streams events. */
export function addEvents(api: Api, deps: ApiDeps, hubs: StreamHubs): void {
  api.openapi(eventsRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { after = 0, limit = LIMIT_DEFAULT, live = true } = c.req.valid('query');
    const row = await findCollaboration(deps, tenantId, c.req.valid('param').id);
    const stream = row.collaborationId;
    if (!wantsStream(c)) {
      const page = await readPage(deps, c.req.url, { tenantId, stream, after, limit });
      return c.json(page, 200);
    }

    const last = lastEventId(c.req.valid('header')['last-event-id']);
    const head = await deps.ledger.head({ tenantId, stream });
    const from = Math.min(last ?? after, head.seq);
    if (last !== undefined && isEnded(row) && from === head.seq) return c.body(null, 204);
    const watching = {
      key: `${tenantId} ${stream}`,
      source: sourceOf(deps, tenantId, stream),
      after: from,
      live: live && !isEnded(row),
    };
    // Nobody reads or cancels the body of an answer to HEAD: its watcher would stay for ever.
    const body = c.req.method === 'HEAD' ? '' : hubs.watch(watching);
    return c.body(body, 200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
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

function sourceOf(deps: ApiDeps, tenantId: string, stream: string): StreamSource {
  return {
    read: async (after, limit) =>
      await deps.ledger.read({ tenantId, stream, afterSeq: after, limit }),
    isOver: async () => {
      const row = await deps.collaborations.get(tenantId, stream);
      return row === undefined || isEnded(row);
    },
    subscribe: ({ onHint, onLive }) => {
      const unwatch = deps.feed.watch(tenantId, stream, onHint);
      const unwatchLive = deps.feed.watchLive(tenantId, stream, (payload) => {
        const text = readLiveText(payload);
        if (text !== undefined) onLive(text);
      });
      return () => {
        unwatch();
        unwatchLive();
      };
    },
    announceInterest: async () => {
      await deps.feed.announceWatch(tenantId, stream);
    },
  };
}

function lastEventId(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw invalidRequest([
    { field: 'Last-Event-ID', got: shown(header), expected: 'the id of an event, a whole number' },
  ]);
}
