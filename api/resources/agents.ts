import { createRoute, z } from '@hono/zod-openapi';

import { commandProvider } from '../../domain/commands/command-settings.ts';
import { shown } from '../../domain/planning/fault.ts';
import type { Fault } from '../../domain/planning/fault.ts';
import { builtInPersonas } from '../../domain/personas/persona.ts';
import type { Agent, Price } from '../../domain/providers/agent.ts';
import { knownProviders } from '../../domain/providers/known-providers.ts';
import { isProviderName, providerNames } from '../../domain/providers/model-connector.ts';
import type { KnownAdapter } from '../../infra/stores/adapter-store.ts';
import { adapterStatus } from '../adapter-view.ts';
import { commandFaults, commandFields } from '../command-terms.ts';
import type { Api } from '../context.ts';
import { refuseUngranted } from '../may-run-code.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound, Problem } from '../problem.ts';
import { jsonBody } from '../request-body.ts';
import { answers, bodyProblems, invalidRequest, keyedProblems } from '../routes.ts';
import {
  agentBody,
  agentListSchema,
  agentSchema,
  isAgentName,
  registeredSchema,
} from '../schemas/agent.ts';

const params = z.object({ name: z.string().openapi({ param: { name: 'name', in: 'path' } }) });

const registerRoute = createRoute({
  method: 'post',
  path: '/v1/agents',
  operationId: 'registerAgent',
  summary: 'Register an agent, or replace the one of that name',
  middleware: jsonBody(),
  request: { body: { content: { 'application/json': { schema: agentBody } }, required: true } },
  responses: {
    200: answers('Replaced. Runs that go on use it from their next call on.', registeredSchema),
    201: answers('Registered.', registeredSchema),
    ...keyedProblems(...bodyProblems, 'host-not-allowed', 'not-permitted'),
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/v1/agents',
  operationId: 'listAgents',
  summary: 'List the agents',
  responses: { 200: answers('In order of registration.', agentListSchema), ...keyedProblems() },
});

const getRoute = createRoute({
  method: 'get',
  path: '/v1/agents/{name}',
  operationId: 'getAgent',
  summary: 'Show an agent',
  request: { params },
  responses: { 200: answers('The agent.', agentSchema), ...keyedProblems('not-found') },
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/v1/agents/{name}',
  operationId: 'removeAgent',
  summary: 'Remove an agent',
  description: 'New runs cannot use it; those that go on keep it.',
  request: { params },
  responses: { 204: { description: 'Removed.' }, ...keyedProblems('not-found') },
});

/** Adds the routes for the tenant's agents. */
export function addAgents(api: Api, deps: ApiDeps): void {
  api.openapi(registerRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const agent = agentOf(deps, c.req.valid('json'));
    const provider = await providerOf(deps, agent);
    refuseHost(deps, agent.baseUrl ?? provider.adapter?.description.baseUrl ?? null);
    const faults = [
      ...provider.faults,
      ...commandFaults(deps, agent),
      ...addressFaults(agent, provider),
      ...(await faultsOf(deps, tenantId, agent)),
    ];
    if (faults.length > 0) throw invalidRequest(faults);
    if (agent.command !== undefined) await refuseUngranted(deps, tenantId);
    const { created } = await deps.agents.put(tenantId, agent);
    c.header('Location', `/v1/agents/${encodeURIComponent(agent.name)}`);
    const warnings = [...adapterWarnings(provider.adapter), ...warningsOf(deps, agent)];
    return c.json({ ...agent, warnings }, created ? 201 : 200);
  });
  api.openapi(listRoute, async (c) =>
    c.json({ items: await deps.agents.list(c.get('tenantId')) }, 200),
  );
  api.openapi(getRoute, async (c) => {
    const { name } = c.req.valid('param');
    const agent = isAgentName(name) ? await deps.agents.get(c.get('tenantId'), name) : undefined;
    if (agent === undefined) throw notFound('agent', name);
    return c.json(agent, 200);
  });
  api.openapi(removeRoute, async (c) => {
    const { name } = c.req.valid('param');
    const isRemoved = isAgentName(name) && (await deps.agents.remove(c.get('tenantId'), name));
    if (!isRemoved) throw notFound('agent', name);
    return c.body(null, 204);
  });
}

function agentOf(
  deps: Pick<ApiDeps, 'isSimulated' | 'now'>,
  body: z.output<typeof agentBody>,
): Agent {
  const personas = [
    ...(body.persona === undefined ? [] : [body.persona]),
    ...(body.personas ?? []),
  ];
  const command = commandFields(body.command);
  const url = command.baseUrl ?? body.baseUrl;
  return {
    name: body.name,
    provider: body.provider,
    model: body.model,
    baseUrl: body.baseUrl ?? null,
    apiKeyEnv: body.apiKeyEnv ?? null,
    personas: [...new Set(personas)],
    price: body.price === undefined ? null : priceOf(deps, body.price),
    limits: (body.limits as Agent['limits'] | undefined) ?? {},
    fallback: body.fallback ?? null,
    capabilities: (body.capabilities as Agent['capabilities'] | undefined) ?? {},
    simulated: url !== undefined && deps.isSimulated(new URL(url)),
    ...command,
  };
}

function priceOf(
  deps: Pick<ApiDeps, 'now'>,
  price: NonNullable<z.output<typeof agentBody>['price']>,
): Price {
  const { inputMicrosUsdPerMillion, outputMicrosUsdPerMillion } = price;
  return {
    inputMicrosUsdPerMillion,
    cachedMicrosUsdPerMillion: price.cachedMicrosUsdPerMillion ?? inputMicrosUsdPerMillion,
    outputMicrosUsdPerMillion,
    asOf: price.asOf ?? new Date(deps.now()).toISOString().slice(0, 'yyyy-mm-dd'.length),
  };
}

/** What is known of an agent's provider. */
interface FoundProvider {
  /** Its own address, which an agent need not name. */
  readonly baseUrl: string | null;
  /** Where it is one of those that workers load. */
  readonly adapter: KnownAdapter | null;
  readonly faults: readonly Fault[];
}

async function providerOf(
  { adapters }: Pick<ApiDeps, 'adapters'>,
  { provider }: Agent,
): Promise<FoundProvider> {
  if (provider === commandProvider) return { baseUrl: null, adapter: null, faults: [] };
  if (isProviderName(provider)) {
    return { baseUrl: knownProviders[provider].baseUrl, adapter: null, faults: [] };
  }
  const known = await adapters.list();
  const adapter = known.find(({ description }) => description.name === provider);
  if (adapter !== undefined) {
    return { baseUrl: adapter.description.baseUrl, adapter, faults: [] };
  }
  const names = [
    ...providerNames,
    commandProvider,
    ...known.map(({ description }) => description.name),
  ];
  const expected = `one of ${names.join(', ')}, or an adapter that a worker has loaded (CONCLAVE_ADAPTERS)`;
  const faults = [{ field: 'provider', got: shown(provider), expected }];
  return { baseUrl: null, adapter: null, faults };
}

function addressFaults(agent: Agent, { baseUrl, faults }: FoundProvider): readonly Fault[] {
  if (agent.command !== undefined || agent.provider === commandProvider) return [];
  if (agent.baseUrl !== null || baseUrl !== null || faults.length > 0) return [];
  const expected = `a URL, for ${agent.provider} has no address of its own`;
  return [{ field: 'baseUrl', got: 'nothing', expected }];
}

function adapterWarnings(adapter: KnownAdapter | null): string[] {
  if (adapter === null) return [];
  const { name } = adapter.description;
  switch (adapterStatus(adapter)) {
    case 'ok':
      return [];
    case 'partial':
      return [`Some running workers lack the adapter ${name}, or have another version of it.`];
    case 'absent':
      return [`No running worker has the adapter ${name}; calls will fail until one has it.`];
  }
}

/** A model call goes out from our own network, so where it may go is decided by the configuration alone. */
function refuseHost(deps: Pick<ApiDeps, 'isHostAllowed'>, baseUrl: string | null): void {
  if (baseUrl === null) return;
  const url = new URL(baseUrl);
  if (deps.isHostAllowed(url)) return;
  throw new Problem('host-not-allowed', {
    detail: `Calls to ${url.host} are not allowed; the list is CONCLAVE_ALLOWED_HOSTS.`,
    errors: [{ field: 'baseUrl', got: url.host, expected: 'a host on the list of allowed hosts' }],
  });
}

async function faultsOf(
  deps: Pick<ApiDeps, 'agents' | 'isKeyVariable'>,
  tenantId: string,
  agent: Agent,
): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  const { apiKeyEnv, command } = agent;
  // A program's variables are looked at with its other terms.
  if (command === undefined && apiKeyEnv !== null && !deps.isKeyVariable(apiKeyEnv)) {
    const expected = 'a variable that CONCLAVE_KEY_VARIABLES lists';
    faults.push({ field: 'apiKeyEnv', got: shown(apiKeyEnv), expected });
  }
  for (const persona of agent.personas) {
    if (builtInPersonas.includes(persona as never)) continue;
    const expected = `one of ${builtInPersonas.join(', ')}`;
    faults.push({ field: 'personas', got: shown(persona), expected });
  }
  if (agent.fallback === null) return faults;
  const fallback = await deps.agents.get(tenantId, agent.fallback);
  if (fallback !== undefined && fallback.name !== agent.name) return faults;
  const expected = 'the name of another registered agent';
  return [...faults, { field: 'fallback', got: shown(agent.fallback), expected }];
}

function warningsOf(deps: Pick<ApiDeps, 'isSecretSet'>, agent: Agent): string[] {
  const { apiKeyEnv, price } = agent;
  const warnings: string[] = [];
  if (apiKeyEnv !== null && !deps.isSecretSet(apiKeyEnv)) {
    warnings.push(
      `The variable ${apiKeyEnv} is not set here; calls will fail until workers have it.`,
    );
  }
  if (price === null) {
    warnings.push(
      'Without a price its cost is unknown, and a budget in dollars needs one in tokens.',
    );
  }
  return warnings;
}
