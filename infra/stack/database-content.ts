import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** PLACEHOLDER until the migrations exist. */
export async function prepareDatabase(options: {
  ownerUrl: string;
  appRole: string;
  apiKey: string;
}): Promise<void> {
  const folder = join(import.meta.dirname, '..', 'database');
  const migrateFile = join(folder, 'migrate.ts');
  if (!existsSync(migrateFile)) return;
  const { migrate } = (await import(migrateFile)) as {
    migrate?: (o: object) => Promise<{ applied: string[] }>;
  };
  if (typeof migrate !== 'function') return;
  await migrate({ ownerUrl: options.ownerUrl, appRole: options.appRole });
  const tenantFile = join(folder, 'local-tenant.ts');
  if (!existsSync(tenantFile)) return;
  const { provisionLocalTenant } = (await import(tenantFile)) as {
    provisionLocalTenant?: (o: object) => Promise<{ tenantId: string }>;
  };
  await provisionLocalTenant?.({ ownerUrl: options.ownerUrl, apiKey: options.apiKey });
}
