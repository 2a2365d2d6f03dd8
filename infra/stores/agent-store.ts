import type { Agent } from '../../domain/providers/agent.ts';

/** The agents of a tenant. */
export interface AgentStore {
  /** Registers an agent or replaces the one of that name; `created` says which. */
  put(tenantId: string, agent: Agent): Promise<{ readonly created: boolean }>;
  get(tenantId: string, name: string): Promise<Agent | undefined>;
  /** Lists agents by order of registration. */
  list(tenantId: string): Promise<Agent[]>;
  /** Takes an agent off the list; false when there is none of that name. Runs that use it can still read it by `getEver`. */
  remove(tenantId: string, name: string): Promise<boolean>;
  /** Reads an agent even after it was removed: a run that has begun keeps its seats. */
  getEver(tenantId: string, name: string): Promise<Agent | undefined>;
  /** Registers agents whose names were never used by this tenant; those removed stay removed, those changed stay changed. */
  seed(tenantId: string, agents: readonly Agent[]): Promise<void>;
}
