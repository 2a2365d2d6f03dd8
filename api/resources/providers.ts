import { createRoute, z } from '@hono/zod-openapi';

import { accountOf } from '../../domain/providers/agent.ts';
import type { Agent } from '../../domain/providers/agent.ts';
import { commandProvider } from '../../domain/commands/command-settings.ts';
import { isProviderName } from '../../domain/providers/model-connector.ts';
import type { ProviderAccountStatus } from '../../infra/stores/provider-accounts.ts';
import { programSchema, programView, type KnownPrograms } from '../program-view.ts';
import { adapterSchema, adapterStatus, adapterView } from '../adapter-view.ts';
import type { Api } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { answers, keyedProblems } from '../routes.ts';

const standingSchema = z
  .object({
    provider: z.string(),
    baseUrl: z.string().nullable(),
    agents: z.array(z.string()),
    models: z.array(z.string()),
    simulated: z.boolean(),
    program: programSchema
      .nullable()
      .openapi({ description: 'The program; null where calls go by HTTP.' }),
    status: z.enum(['ok', 'degraded', 'limited', 'failing']).openapi({
      description:
        '`degraded`: the last calls failed. `limited`: the provider asked to be left alone for a while. ' +
        '`failing`: so many failed in a row that nobody calls it for a while, no running worker has its adapter, or its program ' +
        'is not there or may not run.',
    }),
    breaker: z.enum(['closed', 'open', 'half-open']),
    breakerOpenUntil: z.string().nullable(),
    blockedUntil: z.string().nullable(),
    failuresInARow: z.int(),
    inFlight: z.int(),
    requestsLastMinute: z.int(),
  })
  .openapi('ProviderStanding');

const route = createRoute({
  method: 'get',
  path: '/v1/providers',
  operationId: 'listProviders',
  summary: 'Show how the providers do',
  description:
    'One item for each account: agents that share provider, address and key. Beside them the adapters: providers that ' +
    'workers load from modules of their own, and under whose names agents can be registered.',
  responses: {
    200: answers(
      'How they do now.',
      z.object({ items: z.array(standingSchema), adapters: z.array(adapterSchema) }),
    ),
    ...keyedProblems(),
  },
});

/** Adds the route that shows how providers do. */
export function addProviders(api: Api, deps: ApiDeps): void {
  api.openapi(route, async (c) => {
    const tenantId = c.get('tenantId');
    const [agents, known, found] = await Promise.all([
      deps.agents.list(tenantId),
      deps.adapters.list(),
      deps.programs.found(tenantId),
    ]);
    const accountOfOne = (agent: Agent): string => accountOf(tenantId, agent);
    const accounts = [...new Set(agents.map(accountOfOne))];
    const hasPrograms = agents.some(({ command }) => command !== undefined);
    const [standings, mayRunCode] = await Promise.all([
      deps.accounts.status(accounts),
      hasPrograms && deps.tenants.mayRunCode(tenantId),
    ]);
    const having = known.filter((adapter) => adapterStatus(adapter) !== 'absent');
    const present = having.map(({ description }) => description.name);
    const isReachable = (provider: string): boolean =>
      isProviderName(provider) || provider === commandProvider || present.includes(provider);
    const items = accounts.map((account) =>
      viewOf(
        agents.filter((agent) => accountOfOne(agent) === account),
        standings.find((standing) => standing.account === account) ?? IDLE,
        { nowMs: deps.now(), isReachable, programs: { found, mayRunCode } },
      ),
    );
    const adapters = known.map((adapter) => adapterView(adapter, agents));
    return c.json({ items, adapters }, 200);
  });
}

/** An account that was never called. */
const IDLE: Omit<ProviderAccountStatus, 'account'> = {
  breaker: 'closed',
  failures: 0,
  openUntil: null,
  blockedUntil: null,
  inFlight: 0,
  requestsLastMinute: 0,
};

function viewOf(
  agents: readonly Agent[],
  standing: Omit<ProviderAccountStatus, 'account'>,
  {
    nowMs,
    isReachable,
    programs,
  }: {
    nowMs: number;
    isReachable: (provider: string) => boolean;
    programs: KnownPrograms;
  },
): object {
  const [first] = agents;
  const program = programView(agents, programs);
  const isRunnable = program === null || isWell(program);
  const isThere = isRunnable && agents.every(({ provider }) => isReachable(provider));
  const status = isThere ? statusOf(standing, nowMs) : 'failing';
  return {
    provider: first?.provider,
    baseUrl: first?.baseUrl ?? null,
    agents: agents.map(({ name }) => name),
    models: [...new Set(agents.map(({ model }) => model))],
    simulated: agents.every(({ simulated }) => simulated),
    program,
    status,
    breaker: standing.breaker,
    breakerOpenUntil: standing.openUntil,
    blockedUntil: standing.blockedUntil,
    failuresInARow: standing.failures,
    inFlight: standing.inFlight,
    requestsLastMinute: standing.requestsLastMinute,
  };
}

function isWell({ unavailable, detected }: NonNullable<ReturnType<typeof programView>>): boolean {
  return unavailable === null && detected?.isThere !== false;
}

function statusOf(
  standing: Omit<ProviderAccountStatus, 'account'>,
  nowMs: number,
): 'ok' | 'degraded' | 'limited' | 'failing' {
  if (standing.breaker !== 'closed') return 'failing';
  const { blockedUntil, failures } = standing;
  if (blockedUntil !== null && Date.parse(blockedUntil) > nowMs) return 'limited';
  return failures > 0 ? 'degraded' : 'ok';
}
