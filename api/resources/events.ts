import { createRoute } from '@hono/zod-openapi';

import { isEnded } from '../collaboration-status.ts';
import type { Api } from '../context.ts';
import {
  answerEvents,
  EVENTS_LIMIT,
  eventsHeaders,
  eventsQuery,
  eventsResponses,
} from '../events/event-answer.ts';
import type { StreamHubs } from '../events/stream-hubs.ts';
import type { StreamSource } from '../events/stream-hub.ts';
import { readLiveText } from '../events/live-text.ts';
import type { ApiDeps } from '../ports.ts';
import { collaborationParams, queryFlag } from '../schemas/parameters.ts';
import { findCollaboration } from './collaborations.ts';

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
    headers: eventsHeaders,
    query: eventsQuery.extend({
      live: queryFlag().optional().openapi({ description: '`false`: only events of the ledger.' }),
    }),
  },
  responses: eventsResponses,
});

/** Adds the route that pages and streams events. */
export function addEvents(api: Api, deps: ApiDeps, hubs: StreamHubs): void {
  api.openapi(eventsRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { after = 0, limit = EVENTS_LIMIT, live = true } = c.req.valid('query');
    const row = await findCollaboration(deps, tenantId, c.req.valid('param').id);
    const stream = row.collaborationId;
    const isOver = isEnded(row);
    const source = sourceOf(deps, tenantId, stream);
    const lastEventId = c.req.valid('header')['last-event-id'];
    const asked = { after, limit, lastEventId, live: live && !isOver };
    return await answerEvents(c, { deps, hubs }, { tenantId, stream, isOver, source }, asked);
  });
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
