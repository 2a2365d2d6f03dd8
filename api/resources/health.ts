import { setTimeout as delay } from 'node:timers/promises';

import { createRoute, z } from '@hono/zod-openapi';

import type { Api } from '../context.ts';
import type { Metrics } from '../metrics.ts';
import type { ApiDeps, Part } from '../ports.ts';
import { answers } from '../routes.ts';

/** Longest time that a part may take to answer. */
const PROBE_TIMEOUT_MS = 1000;

const partSchema = z.object({
  status: z.enum(['ok', 'failing']),
  ms: z.number(),
  error: z.string().optional(),
});

const readinessSchema = z
  .object({ status: z.enum(['ok', 'failing']), parts: z.record(z.string(), partSchema) })
  .openapi('Readiness', {
    example: { status: 'ok', parts: { database: { status: 'ok', ms: 1.2 } } },
  });

const liveRoute = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'isAlive',
  summary: 'Whether this process lives',
  security: [],
  responses: {
    200: answers('It does.', z.object({ status: z.literal('ok'), version: z.string() })),
  },
});

const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'isReady',
  summary: 'Whether every part that this process needs answers',
  security: [],
  responses: {
    200: answers('All do.', readinessSchema),
    503: answers('At least one does not.', readinessSchema),
  },
});

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'Figures of this process for Prometheus',
  security: [],
  responses: { 200: { description: 'Text.', content: { 'text/plain': { schema: z.string() } } } },
});

/** Adds the routes for those who operate this process. */
export function addHealth(api: Api, deps: ApiDeps, metrics: Metrics): void {
  api.openapi(liveRoute, (c) => c.json({ status: 'ok' as const, version: deps.version }, 200));
  api.openapi(readyRoute, async (c) => {
    const parts = await Promise.all(deps.parts.map(probe));
    const status = parts.every(([, part]) => part.status === 'ok') ? 'ok' : 'failing';
    c.header('Cache-Control', 'no-store');
    return c.json({ status, parts: Object.fromEntries(parts) }, status === 'ok' ? 200 : 503);
  });
  api.openapi(metricsRoute, async (c) => {
    const text = await metrics.registry.metrics();
    return c.text(text, 200, { 'content-type': metrics.registry.contentType });
  });
}

async function probe(part: Part): Promise<[string, z.input<typeof partSchema>]> {
  const startedAt = performance.now();
  const elapsed = (): number => Math.round((performance.now() - startedAt) * 10) / 10;
  const alarm = new AbortController();
  try {
    await Promise.race([part.probe(), fail(alarm.signal)]);
    return [part.name, { status: 'ok', ms: elapsed() }];
  } catch (error) {
    // Without address or credentials: this answer needs no key.
    const reason = error instanceof Error ? reasonOf(error) : 'unknown';
    return [part.name, { status: 'failing', ms: elapsed(), error: reason }];
  } finally {
    alarm.abort();
  }
}

async function fail(signal: AbortSignal): Promise<void> {
  await delay(PROBE_TIMEOUT_MS, undefined, { signal }).catch(() => undefined);
  if (!signal.aborted) throw new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`);
}

function reasonOf(error: Error): string {
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') return code;
  return error.message.startsWith('no answer') ? error.message : error.name;
}
