import { readRunFile, readSecret } from './stack/run-files.ts';

/** The application's database role: row security is forced for it. */
export const APP_ROLE = 'conclave_app';

/** The role that owns the embedded database and migrates it. */
export const OWNER_ROLE = 'conclave_owner';

/** The database that the one-command stack creates. */
export const DATABASE_NAME = 'conclave';

/** Where the database is, as far as that is configured. */
export interface DatabaseSettings {
  /** Absolute path of the folder in which a running stack publishes its own. */
  readonly dataFolder: string;
  /** URL of the role that owns the tables and migrates them. */
  readonly databaseUrl: string | undefined;
  /** URL of the role for which row security is forced. */
  readonly databaseAppUrl: string | undefined;
}

/** Gives the URL of the application's role: the configured one, or that of the configured or the running database. */
export function appDatabaseUrl(config: DatabaseSettings): string | undefined {
  if (config.databaseAppUrl !== undefined) return config.databaseAppUrl;
  const password = readSecret(config.dataFolder, 'postgres-app-password');
  if (password === undefined) return undefined;
  if (config.databaseUrl !== undefined) return withAppRole(config.databaseUrl, password);
  const address = readRunFile(config.dataFolder, 'postgres')?.address;
  if (address === undefined) return undefined;
  return withAppRole(`postgres://${address}/${DATABASE_NAME}`, password);
}

/** Gives the URL of the database's owner: the configured one, or the running stack's own. */
export function ownerDatabaseUrl(config: DatabaseSettings): string | undefined {
  if (config.databaseUrl !== undefined) return config.databaseUrl;
  const password = readSecret(config.dataFolder, 'postgres-owner-password');
  const address = readRunFile(config.dataFolder, 'postgres')?.address;
  if (password === undefined || address === undefined) return undefined;
  const url = new URL(`postgres://${address}/${DATABASE_NAME}`);
  url.username = OWNER_ROLE;
  url.password = password;
  return url.href;
}

/** Gives the same database's URL for the application's role. */
export function withAppRole(ownerUrl: string, password: string): string {
  const url = new URL(ownerUrl);
  url.username = APP_ROLE;
  url.password = password;
  return url.href;
}
