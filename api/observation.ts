import { randomUUID } from 'node:crypto';

import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';

import type { ApiEnv } from './context.ts';
import type { Metrics } from './metrics.ts';
import type { ApiDeps } from './ports.ts';

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** Paths that are asked every few seconds by machines; a log of them helps nobody. */
const QUIET_PATHS: readonly string[] = ['/healthz', '/readyz', '/metrics'];

/**
 * Makes the middleware that names, times, counts and logs every request. Bodies, queries and keys are
 * never logged.
 */
export function observe(
  deps: Pick<ApiDeps, 'log'>,
  metrics: Pick<Metrics, 'requestSeconds'>,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    c.set('requestId', requestId);
    const startedAt = performance.now();
    await next();
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
    c.header('X-Request-Id', requestId);
    const route = c.res.status === 404 && c.error === undefined ? 'none' : routePath(c, -1);
    const { method } = c.req;
    const { status } = c.res;
    metrics.requestSeconds.observe({ method, route, status: String(status) }, durationMs / 1000);
    if (QUIET_PATHS.includes(c.req.path) && status < 500) return;
    const tenantId = c.get('tenantId') as string | undefined;
    deps.log.info({ requestId, method, route, status, durationMs, tenantId }, 'request answered');
  };
}
