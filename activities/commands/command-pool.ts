import type { Agent } from '../../domain/providers/agent.ts';
import type { ConnectorPool } from '../models/connector-pool.ts';
import { createCommandConnector, type CommandConnectorDeps } from './command-connector.ts';
import { passingFault } from './program-run.ts';

/**
 * Lets a pool of connectors reach programs too. Their connectors hold nothing, so none is kept.
 *
 * @param pool - reaches everything else
 * @param deps - what programs need; `null` where this worker has no sandbox
 * @returns a pool whose `connectorOf` throws a `ProviderFaultError` for a program where there is no sandbox
 */
export function withCommands(
  pool: ConnectorPool,
  deps: CommandConnectorDeps | null,
): ConnectorPool {
  return {
    connectorOf: (agent: Agent) => {
      const { name, model, simulated, command } = agent;
      if (command === undefined) return pool.connectorOf(agent);
      if (deps !== null) return createCommandConnector({ name, model, simulated, command }, deps);
      const message = `agent ${name} is a program, and this worker has no sandbox to run it in`;
      throw passingFault(message, { isUnsent: true });
    },
  };
}
