import { OpenAPIHono } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';

import { isTransient } from '../infra/database/transient-error.ts';
import { authenticate } from './authentication.ts';
import type { Api, ApiEnv } from './context.ts';
import { StreamHubs } from './events/stream-hubs.ts';
import { createMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { observe } from './observation.ts';
import type { ApiDeps } from './ports.ts';
import { answerProblem, Problem } from './problem.ts';
import { brokenJson, wrongMediaType } from './request-body.ts';
import { addAgents } from './resources/agents.ts';
import { addApprovals } from './resources/approvals.ts';
import { addArtifacts } from './resources/artifacts.ts';
import { addCalibration } from './resources/calibration.ts';
import { addCollaborations } from './resources/collaborations.ts';
import { addContributions } from './resources/contributions.ts';
import { addDocs } from './resources/docs.ts';
import { addEvents } from './resources/events.ts';
import { addForks } from './resources/forks.ts';
import { addHealth } from './resources/health.ts';
import { addOutcome } from './resources/outcome.ts';
import { addProviders } from './resources/providers.ts';
import { addReplays } from './resources/replays.ts';
import { addResolutions } from './resources/resolutions.ts';
import { addSandboxRuns } from './resources/sandbox-runs.ts';
import { addSigningKeys } from './resources/signing-keys.ts';
import { addSteering } from './resources/steering.ts';
import { addWebhookDeliveries } from './resources/webhook-deliveries.ts';
import { addWebhooks } from './resources/webhooks.ts';
import { methodsFor, refuseInvalid } from './routes.ts';

/** The application, and what runs beside its requests. */
export interface App {
  readonly api: Api;
  readonly hubs: StreamHubs;
  readonly metrics: Metrics;
  /** Ends streams and waits, so that their connections come free; requests are still answered. */
  stop(): void;
}

/** Paths under /v1 that need no key. */
const OPEN_PATHS: readonly string[] = ['/v1/signing-keys'];

/**
 * Makes the whole application. It listens nowhere: `api.request()` asks it directly.
 *
 * @param deps - everything that it stands on
 */
export function createApp(deps: ApiDeps): App {
  const stopping = new AbortController();
  const hubs = new StreamHubs((err) => {
    deps.log.warn({ err }, 'stream of events interrupted');
  });
  const metrics = createMetrics({
    watchers: () => hubs.watchers,
    webhookBacklog: deps.webhookBacklog,
  });
  const api: Api = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
  api.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'The API key of a tenant.',
  });
  api.use(observe(deps, metrics));
  api.use('/v1/*', authenticate(deps, OPEN_PATHS));
  addCollaborations(api, deps, { metrics, stopping: stopping.signal });
  addEvents(api, deps, hubs);
  addOutcome(api, deps);
  addReplays(api, deps);
  addForks(api, deps, metrics);
  addResolutions(api, deps);
  addSteering(api, { ...deps, metrics });
  addContributions(api, { ...deps, metrics });
  addApprovals(api, { ...deps, metrics });
  addAgents(api, deps);
  addCalibration(api, deps);
  addProviders(api, deps);
  addArtifacts(api, deps);
  addSandboxRuns(api, deps, { metrics, hubs, stopping: stopping.signal });
  addWebhooks(api, deps);
  addWebhookDeliveries(api, deps);
  addSigningKeys(api, deps);
  addHealth(api, deps, metrics);
  addDocs(api, deps);
  addErrors(api, deps);
  const stop = (): void => {
    stopping.abort();
    hubs.close();
  };
  return { api, hubs, metrics, stop };
}

function addErrors(api: Api, deps: Pick<ApiDeps, 'log'>): void {
  api.notFound((c) => {
    const methods = methodsFor(c, api.routes);
    if (methods.length === 0) {
      const detail = `There is no ${c.req.path}; /openapi.json lists what there is.`;
      return answerProblem(c, new Problem('not-found', { detail }));
    }
    const expected = methods.join(', ');
    const problem = new Problem('method-not-allowed', {
      detail: `${c.req.path} does not know ${c.req.method}.`,
      errors: [{ field: 'method', got: c.req.method, expected }],
      headers: { allow: expected },
    });
    return answerProblem(c, problem);
  });
  api.onError(async (error, c) => {
    const problem = await problemOf(error, async () => await c.req.text());
    if (problem.status >= 500) {
      const err = problem.cause ?? error;
      const fields = { requestId: c.get('requestId'), code: problem.code, err };
      if (problem.status === 503) deps.log.warn(fields, 'request could not be served now');
      else deps.log.error(fields, 'request failed');
    }
    return answerProblem(c, problem);
  });
}

const TRY_SOON = { 'retry-after': '1' };

/** Sorts whatever was thrown; nothing of an unknown error is told outside. */
async function problemOf(error: Error, readText: () => Promise<string>): Promise<Problem> {
  if (error instanceof Problem) return error;
  if (error instanceof HTTPException) {
    if (error.status === 400) return brokenJson(await readText());
    if (error.status === 415) return wrongMediaType(undefined, 'application/json');
  }
  const cause = error;
  if (isStoreAway(error)) {
    const detail = 'The artifact store cannot be reached now.';
    return new Problem('artifacts-unavailable', { detail, headers: TRY_SOON, cause });
  }
  if (isTransient(error)) {
    const detail = 'The database cannot be reached now.';
    return new Problem('database-unavailable', { detail, headers: TRY_SOON, cause });
  }
  return new Problem('internal', { detail: 'The log says more under this request id.', cause });
}

/** Every error of the S3 client says with `$metadata` how often it tried. */
function isStoreAway(error: Error): boolean {
  return '$metadata' in error;
}
