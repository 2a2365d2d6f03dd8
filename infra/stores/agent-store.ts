import type { Agent } from '../../domain/providers/agent.ts';
import type { Transaction } from '../database/connection.ts';
import type { StoreDeps } from './store-deps.ts';

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

/**
 * Opens the store of agents.
 *
 * @param deps - the database
 */
export function createAgentStore(deps: StoreDeps): AgentStore {
  const { database } = deps;
  return {
    put: (tenantId, agent) =>
      database.withTenant(tenantId, async (sql) => {
        const standing = await sql`
          select from conclave.agents
          where tenant_id = ${tenantId} and name = ${agent.name} and deleted_at is null for update`;
        await sql`
          insert into conclave.agents (tenant_id, name, spec)
          values (${tenantId}, ${agent.name}, ${JSON.stringify(agent)}::text::json)
          on conflict (tenant_id, name) do update set spec = excluded.spec, deleted_at = null`;
        return { created: standing.length === 0 };
      }),

    get: (tenantId, name) =>
      database.withTenant(tenantId, async (sql) => {
        const row = await readAgent(sql, tenantId, name);
        return row === undefined || row.is_deleted ? undefined : row.spec;
      }),

    getEver: (tenantId, name) =>
      database.withTenant(tenantId, async (sql) => (await readAgent(sql, tenantId, name))?.spec),

    list: (tenantId) =>
      database.withTenant(tenantId, async (sql) => {
        const rows = await sql<{ spec: Agent }[]>`
          select spec from conclave.agents where tenant_id = ${tenantId} and deleted_at is null
          order by ordinal`;
        return rows.map(({ spec }) => spec);
      }),

    remove: (tenantId, name) =>
      database.withTenant(tenantId, async (sql) => {
        const { count } = await sql`
          update conclave.agents set deleted_at = now()
          where tenant_id = ${tenantId} and name = ${name} and deleted_at is null`;
        return count > 0;
      }),

    seed: (tenantId, agents) =>
      database.withTenant(tenantId, async (sql) => {
        await sql`
          insert into conclave.agents (tenant_id, name, spec)
          select ${tenantId}, spec ->> 'name', spec
          from json_array_elements(${JSON.stringify(agents)}::text::json) spec
          on conflict do nothing`;
      }),
  };
}

async function readAgent(
  sql: Transaction,
  tenantId: string,
  name: string,
): Promise<{ spec: Agent; is_deleted: boolean } | undefined> {
  const [row] = await sql<{ spec: Agent; is_deleted: boolean }[]>`
    select spec, deleted_at is not null as is_deleted from conclave.agents
    where tenant_id = ${tenantId} and name = ${name}`;
  return row;
}
