import type { Agent } from '../../domain/providers/agent.ts';
import type { ModelConnector } from '../../domain/providers/model-connector.ts';
import type { ConnectorPool } from '../models/connector-pool.ts';
import { createCommandConnector, type CommandConnectorDeps } from './command-connector.ts';
import { passingFault } from './command-fault.ts';

/**
 * Lets a pool of connectors reach programs too. Their connectors hold nothing, so none is kept.
 *
 * @param pool - reaches everything else
 * @param deps - what programs need; `null` where this worker has no sandbox
 * @returns gives the connector of a tenant's agent; throws a `ProviderFaultError` for a program where there is no sandbox
 */
export function withCommands(
  pool: ConnectorPool,
  deps: CommandConnectorDeps | null,
): (tenantId: string, agent: Agent) => ModelConnector {
  return (tenantId, agent) => {
    const { name, model, simulated, command } = agent;
    if (command === undefined) return pool.connectorOf(agent);
    if (deps !== null) {
      return createCommandConnector({ tenantId, name, model, simulated, command }, deps);
    }
    // Another worker may have one.
    const message = `agent ${name} is a program, and this worker has no sandbox to run it in`;
    throw passingFault(message, { isUnsent: true });
  };
}
