import type { DetectedProgram } from '../../domain/commands/detected-program.ts';
import type { Agent } from '../../domain/providers/agent.ts';
import { persistently } from '../database/persistence.ts';
import type { StoreDeps } from './store-deps.ts';

/** What is known of an agent's program. */
export interface FoundProgram extends DetectedProgram {
  readonly agent: string;
  /** RFC 3339, UTC. */
  readonly foundAt: string;
}

/** A registration that this process is to look at now. */
export interface ClaimedProgram {
  readonly tenantId: string;
  readonly agent: Agent;
  /** Names the registration; whoever settles shows it. */
  readonly registration: string;
}

/** What workers find out about the programs of agents; registering an agent asks for it. */
export interface ProgramStore {
  /** Lists what is known of a tenant's programs; those that nobody has looked at are not in it. */
  found(tenantId: string): Promise<FoundProgram[]>;
  /** Hands out a registration of any tenant; what one worker has, no other gets before the lease is over. */
  claim(leaseMs: number): Promise<ClaimedProgram | undefined>;
  /** Writes down what was found; false where the agent was registered anew or removed meanwhile. */
  settle(claimed: ClaimedProgram, found: DetectedProgram): Promise<boolean>;
}

/** Channel on which it is said that a program was registered; the hint says no more than that. */
export const programsChannel = 'conclave_programs';

/**
 * Opens the store of what is known of programs.
 *
 * @param deps - the database
 */
export function createProgramStore(deps: StoreDeps): ProgramStore {
  const { database } = deps;
  return {
    found: (tenantId) =>
      database.withTenant(tenantId, async (sql) => {
        const rows = await sql<{ agent: string; found: DetectedProgram; found_at: Date }[]>`
          select agent, found, found_at from conclave.programs
          where tenant_id = ${tenantId} and found is not null order by agent`;
        return rows.map(({ agent, found, found_at: at }) => {
          return { ...found, agent, foundAt: at.toISOString() };
        });
      }),

    claim: async (leaseMs) => {
      const [row] = await database.sql<{ tenant_id: string; registered: string; spec: Agent }[]>`
        select tenant_id, registered_at::text as registered, spec
        from conclave.program_claim(${leaseMs})`;
      if (row === undefined) return undefined;
      return { tenantId: row.tenant_id, agent: row.spec, registration: row.registered };
    },

    settle: ({ tenantId, agent, registration }, found) =>
      persistently(async () => {
        const [row] = await database.sql<{ settled: boolean }[]>`
          select conclave.program_found(${tenantId}, ${agent.name}, ${registration}::text::timestamptz,
            ${JSON.stringify(found)}::text::jsonb) as settled`;
        return row?.settled === true;
      }),
  };
}
