import type { Adapter } from '../../domain/providers/adapter.ts';
import type { Agent } from '../../domain/providers/agent.ts';
import { isProviderName, type ModelConnector } from '../../domain/providers/model-connector.ts';
import { createAdapterConnector } from './adapter-connector.ts';
import { createConnector } from './connector.ts';
import type { ConnectorDeps } from './connector.ts';
import { localFault, ProviderFaultError } from './fault.ts';
import { createHttpFetch } from './http-fetch.ts';

/** What a pool makes connectors with. */
export interface ConnectorPoolDeps extends ConnectorDeps {
  /** Adapters that are loaded here; none where absent. */
  readonly adapters?: readonly Adapter[];
}

/** Connectors by what they were made from, so that calls of one agent share connections. */
export interface ConnectorPool {
  /**
   * Gives the connector of an agent; the same one for the same specification.
   *
   * @throws `ProviderFaultError` with `adapter-missing` when its provider is an adapter that is not loaded here
   */
  connectorOf(agent: Agent): ModelConnector;
}

/** Most connectors kept; beyond it the one unused for longest goes. */
export const pooledConnectorsMax = 256;

/** Makes a pool of connectors. It holds no timers and needs no closing. */
export function createConnectorPool(deps: ConnectorPoolDeps): ConnectorPool {
  const connectors = new Map<string, ModelConnector>();
  const shared = { ...deps, send: deps.send ?? createHttpFetch() };
  return {
    connectorOf(agent) {
      const key = JSON.stringify([
        agent.name,
        agent.provider,
        agent.model,
        agent.baseUrl,
        agent.apiKeyEnv,
        agent.capabilities,
        agent.simulated,
      ]);
      const connector = connectors.get(key) ?? connectorFor(agent, shared);
      connectors.delete(key);
      connectors.set(key, connector);
      if (connectors.size > pooledConnectorsMax)
        connectors.delete(connectors.keys().next().value ?? key);
      return connector;
    },
  };
}

function connectorFor(agent: Agent, deps: ConnectorPoolDeps): ModelConnector {
  const { provider } = agent;
  if (isProviderName(provider)) return createConnector({ ...agent, provider }, deps);
  const adapter = deps.adapters?.find(({ name }) => name === provider);
  if (adapter !== undefined) return createAdapterConnector(agent, adapter, deps);
  const message = `${provider}: no adapter of this name is loaded in this worker (CONCLAVE_ADAPTERS)`;
  throw new ProviderFaultError({
    ...localFault('adapter-missing', message),
    // Another worker may have it.
    disposition: 'retry-now',
    isUnsent: true,
  });
}
