import { createTenantAdministration } from '../stores/tenant-store.ts';

/** The tenant of a stack on one box. */
export const localTenantId = 'local';

/**
 * Sees to it that the local tenant exists and that this key is one of its own. Repeatable.
 *
 * @param options - where and with which key
 * @param options.ownerUrl - URL of the role that owns the tables
 * @param options.apiKey - the key in clear
 */
export async function provisionLocalTenant(options: {
  readonly ownerUrl: string;
  readonly apiKey: string;
}): Promise<{ tenantId: string }> {
  const administration = createTenantAdministration({ ownerUrl: options.ownerUrl });
  try {
    await administration.createTenant({
      tenantId: localTenantId,
      name: 'Local',
      apiKey: options.apiKey,
    });
    await administration.allowCode(localTenantId, true);
    return { tenantId: localTenantId };
  } finally {
    await administration.close();
  }
}
