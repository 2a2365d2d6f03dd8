import postgres from 'postgres';

import { APP_ROLE, DATABASE_NAME } from '../database-urls.ts';

const CONNECT_WITHIN_S = 10;

/**
 * Sees to it that the embedded server has our database.
 *
 * @param adminUrl - URL of the superuser, with the database `postgres`.
 * @returns The superuser's URL of our database.
 */
export async function ensureDatabase(adminUrl: string): Promise<string> {
  const found = await ask(adminUrl, async (sql) => {
    return await sql`SELECT 1 FROM pg_database WHERE datname = ${DATABASE_NAME}`;
  });
  if (found.length === 0) {
    // Names cannot be parameters; this one is a constant.
    await ask(adminUrl, async (sql) => await sql.unsafe(`CREATE DATABASE ${DATABASE_NAME}`));
  }
  const url = new URL(adminUrl);
  url.pathname = `/${DATABASE_NAME}`;
  return url.href;
}

/** What the application's role must not have, by its column in `pg_roles`. */
const TAKEN_AWAY = {
  rolsuper: 'NOSUPERUSER',
  rolbypassrls: 'NOBYPASSRLS',
  rolcreatedb: 'NOCREATEDB',
  rolcreaterole: 'NOCREATEROLE',
} as const;

/**
 * Sees to it that the application's role exists with this password, may log in and create nothing,
 * and is subject to row security.
 *
 * @param ownerUrl - URL of a role that may create roles; it need not be a superuser.
 * @param password - Of the letters of base64url, since SQL takes it only in quotes.
 */
export async function ensureAppRole(ownerUrl: string, password: string): Promise<void> {
  if (!/^[A-Za-z0-9_-]+$/.test(password)) throw new Error('password has to be base64url');
  await ask(ownerUrl, async (sql) => {
    const [role] = await sql<Record<keyof typeof TAKEN_AWAY, boolean>[]>`
      SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles
      WHERE rolname = ${APP_ROLE}`;
    const verb = role === undefined ? 'CREATE' : 'ALTER';
    // A new role has none of these; and only a superuser may say NOSUPERUSER of one that exists, even
    // where it changes nothing, which the owner of a managed database is not.
    const held = Object.entries(role ?? {}).filter(([, isHeld]) => isHeld);
    const rights = held.map(([name]) => TAKEN_AWAY[name as keyof typeof TAKEN_AWAY]);
    return await sql.unsafe(
      `${verb} ROLE ${APP_ROLE} ${['LOGIN', ...rights].join(' ')} PASSWORD '${password}'`,
    );
  });
}

async function ask<T>(url: string, question: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, {
    max: 1,
    connect_timeout: CONNECT_WITHIN_S,
    onnotice: () => undefined,
  });
  try {
    return await question(sql);
  } finally {
    await sql.end();
  }
}
