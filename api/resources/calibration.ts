import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';

import { calibrationPlot, calibrationView } from '../calibration-view.ts';
import type { CalibrationView } from '../calibration-view.ts';
import type { Api, ApiEnv } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound } from '../problem.ts';
import { keyedProblems } from '../routes.ts';
import { isAgentName } from '../schemas/agent.ts';
import { calibrationSchema } from '../schemas/calibration.ts';

const SVG = 'image/svg+xml';

const params = z.object({ name: z.string().openapi({ param: { name: 'name', in: 'path' } }) });

const plot = { schema: z.string().openapi({ description: 'A reliability plot.' }) };

const calibrationRoute = createRoute({
  method: 'get',
  path: '/v1/agents/{name}/calibration',
  operationId: 'getCalibration',
  summary: "Show how good an agent's confidences were",
  description: `JSON by default, a reliability plot with \`Accept: ${SVG}\`.`,
  request: { params },
  responses: {
    200: {
      description: 'From the resolved collaborations of this tenant.',
      content: { 'application/json': { schema: calibrationSchema }, [SVG]: plot },
    },
    ...keyedProblems('not-found'),
  },
});

const plotRoute = createRoute({
  method: 'get',
  path: '/v1/agents/{name}/calibration.svg',
  operationId: 'getCalibrationPlot',
  summary: "Draw how good an agent's confidences were",
  request: { params },
  responses: {
    200: { description: 'A reliability plot.', content: { [SVG]: plot } },
    ...keyedProblems('not-found'),
  },
});

/** Adds the routes that show how good the confidences of an agent's model were. */
export function addCalibration(api: Api, deps: ApiDeps): void {
  api.openapi(calibrationRoute, async (c) => {
    const view = await viewFor(c, deps, c.req.valid('param').name);
    c.header('Vary', 'Accept');
    return wantsPlot(c) ? answerPlot(c, view) : c.json(view, 200);
  });
  api.openapi(plotRoute, async (c) =>
    answerPlot(c, await viewFor(c, deps, c.req.valid('param').name)),
  );
}

async function viewFor(c: Context<ApiEnv>, deps: ApiDeps, name: string): Promise<CalibrationView> {
  const tenantId = c.get('tenantId');
  const agent = isAgentName(name) ? await deps.agents.get(tenantId, name) : undefined;
  if (agent === undefined) throw notFound('agent', name);
  return await calibrationView(deps, tenantId, agent);
}

function wantsPlot(c: Context<ApiEnv>): boolean {
  const accept = c.req.header('accept') ?? '';
  return /\bimage\/svg\+xml\b/i.test(accept) && !/\bapplication\/json\b/i.test(accept);
}

function answerPlot(c: Context<ApiEnv>, view: CalibrationView): Response {
  return c.body(calibrationPlot(view), 200, {
    'content-type': SVG,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  });
}
