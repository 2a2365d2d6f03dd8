import { createHash } from 'node:crypto';

import type postgres from 'postgres';

import { createDatabase } from '../database/connection.ts';
import { persistently } from '../database/persistence.ts';
import type { StoreDeps } from './store-deps.ts';

/** Tenants by API key. */
export interface TenantStore {
  /** Finds whose key this is; undefined for an unknown or revoked key. */
  tenantOfKey(apiKey: string): Promise<string | undefined>;
  /** Whether a tenant was granted to run code; false for one that is not there. */
  mayRunCode(tenantId: string): Promise<boolean>;
}

/** Creates tenants and keys; works with the owner's URL only. */
export interface TenantAdministration {
  /** Creates a tenant with its first key. Repeatable with the same key. */
  createTenant(input: {
    readonly tenantId: string;
    readonly name: string;
    readonly apiKey: string;
  }): Promise<void>;
  /** Grants a tenant to run code in the sandbox, or takes it back; false when there is no such tenant. */
  allowCode(tenantId: string, isAllowed: boolean): Promise<boolean>;
  /** Lists tenants by their ids, with the number of keys that are not revoked. */
  listTenants(): Promise<
    readonly {
      readonly tenantId: string;
      readonly name: string;
      readonly keys: number;
      readonly mayRunCode: boolean;
    }[]
  >;
  /** Ends a key at once; false when it is unknown. */
  revokeKey(apiKey: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Ids are part of object names and notifications, so they hold no separators. */
const tenantIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Opens the look-up of tenants.
 *
 * @param deps - the database
 */
export function createTenantStore(deps: StoreDeps): TenantStore {
  const { database } = deps;
  return {
    tenantOfKey: async (apiKey) => {
      const [row] = await persistently(
        () => database.sql<{ tenant: string | null }[]>`
          select conclave.tenant_of_api_key(${keySha256(apiKey)}) as tenant`,
      );
      return row?.tenant ?? undefined;
    },
    mayRunCode: async (tenantId) => {
      const [row] = await persistently(
        () => database.sql<{ may: boolean }[]>`
          select conclave.tenant_may_run_code(${tenantId}) as may`,
      );
      return row?.may === true;
    },
  };
}

/**
 * Opens the administration of tenants.
 *
 * @param options - where the tables are
 * @param options.ownerUrl - URL of the role that owns the tables
 */
export function createTenantAdministration(options: {
  readonly ownerUrl: string;
}): TenantAdministration {
  const database = createDatabase({
    url: options.ownerUrl,
    connectionsMax: 1,
    applicationName: 'conclave-administration',
  });
  return {
    createTenant: async ({ tenantId, name, apiKey }) => {
      if (!tenantIdPattern.test(tenantId)) {
        throw new RangeError(
          `tenantId: got ${JSON.stringify(tenantId)}, expected 1 to 64 of A-Z, a-z, 0-9, _ and -`,
        );
      }
      await database.withTenant(tenantId, async (sql) => {
        await sql`
          insert into conclave.tenants (tenant_id, name) values (${tenantId}, ${name})
          on conflict do nothing`;
        await addKey(sql, tenantId, apiKey);
      });
    },
    allowCode: async (tenantId, isAllowed) => {
      const { count } = await database.sql`
        update conclave.tenants set may_run_code = ${isAllowed} where tenant_id = ${tenantId}`;
      return count > 0;
    },
    listTenants: async () =>
      await database.sql<{ tenantId: string; name: string; keys: number; mayRunCode: boolean }[]>`
        select t.tenant_id as "tenantId", t.name, t.may_run_code as "mayRunCode",
          (select count(*)::int from conclave.api_keys k
           where k.tenant_id = t.tenant_id and k.revoked_at is null) as keys
        from conclave.tenants t order by t.tenant_id`,
    revokeKey: async (apiKey) => {
      const { count } = await database.sql`
        update conclave.api_keys set revoked_at = now()
        where key_sha256 = ${keySha256(apiKey)} and revoked_at is null`;
      return count > 0;
    },
    close: () => database.close(),
  };
}

async function addKey(
  sql: postgres.TransactionSql,
  tenantId: string,
  apiKey: string,
): Promise<void> {
  await sql`
    insert into conclave.api_keys (key_sha256, tenant_id) values (${keySha256(apiKey)}, ${tenantId})
    on conflict do nothing`;
  const [row] = await sql<{ tenant_id: string; is_revoked: boolean }[]>`
    select tenant_id, revoked_at is not null as is_revoked
    from conclave.api_keys where key_sha256 = ${keySha256(apiKey)}`;
  if (row?.tenant_id !== tenantId) {
    throw new Error(`api key for tenant ${tenantId}: it belongs to another tenant`);
  }
  if (row.is_revoked)
    throw new Error(`api key for tenant ${tenantId}: it was revoked; make a new one`);
}

/** A key is long and random, so a plain hash protects it; what is stored opens no door. */
function keySha256(apiKey: string): Buffer {
  return createHash('sha256').update(apiKey).digest();
}
