import type { Agent } from '../../domain/providers/agent.ts';
import type { ModelConnector } from '../../domain/providers/model-connector.ts';

/** How long a call may take and how long its stream may stand still, milliseconds. */
export interface ModelTimeouts {
  readonly totalMs: number;
  /** Longest silence between two pieces of a reply, and before the first. */
  readonly chunkMs: number;
}

/** What a connector needs from outside. */
export interface ConnectorDeps {
  /** Gives a variable's value, or `undefined` where it is not set. */
  secret(name: string): string | undefined;
  /** Says whether a model call may go to this address; asked before every call. */
  allowedHosts(url: URL): boolean;
  readonly timeouts: ModelTimeouts;
}

/** Makes the connector of an agent. Nothing is called and no key is read before the first `ask`. */
export function createConnector(_agent: Agent, _deps: ConnectorDeps): ModelConnector {
  throw new Error('not built yet');
}
