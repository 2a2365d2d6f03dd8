/** Tenants by API key. */
export interface TenantStore {
  /** Finds whose key this is; undefined for an unknown or revoked key. */
  tenantOfKey(apiKey: string): Promise<string | undefined>;
}

/** Creates tenants and keys; works with the owner's URL only. */
export interface TenantAdministration {
  /** Creates a tenant with its first key. Repeatable with the same key. */
  createTenant(input: {
    readonly tenantId: string;
    readonly name: string;
    readonly apiKey: string;
  }): Promise<void>;
  /** Ends a key at once; false when it is unknown. */
  revokeKey(apiKey: string): Promise<boolean>;
  close(): Promise<void>;
}
