import type { Agent } from '../../domain/providers/agent.ts';
import type { ModelConnector } from '../../domain/providers/model-connector.ts';
import { createConnector } from './connector.ts';
import { createHttpFetch } from './http-fetch.ts';
import type { ConnectorDeps } from './connector.ts';

/** Connectors by what they were made from, so that calls of one agent share connections. */
export interface ConnectorPool {
  /** Gives the connector of an agent; the same one for the same specification. */
  connectorOf(agent: Agent): ModelConnector;
}

/** Most connectors kept; beyond it the one unused for longest goes. */
export const pooledConnectorsMax = 256;

/** Makes a pool of connectors. It holds no timers and needs no closing. */
export function createConnectorPool(deps: ConnectorDeps): ConnectorPool {
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
      const connector = connectors.get(key) ?? createConnector(agent, shared);
      connectors.delete(key);
      connectors.set(key, connector);
      if (connectors.size > pooledConnectorsMax)
        connectors.delete(connectors.keys().next().value ?? key);
      return connector;
    },
  };
}
