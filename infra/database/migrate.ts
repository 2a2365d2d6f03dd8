import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import postgres from 'postgres';

const folder = join(import.meta.dirname, 'migrations');
const connectTimeoutSeconds = 10;

/** Any constant does, as long as every migrator of every version uses the same. */
const lockKey = 7_400_001;

/** What it takes to migrate. */
export interface MigrateOptions {
  /** URL of the role that owns the tables; it may create schemas and, when the application role is missing, roles. */
  readonly ownerUrl: string;
  /** Name of the application role; created without login when it is missing. */
  readonly appRole: string;
}

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

/**
 * Brings the schema up to date: applies what was not applied yet, in order, each file in a transaction of its own.
 * Several migrators at once wait for each other.
 *
 * @param options - whose rights to use and whom to grant
 * @returns names of the migrations that this call applied
 * @throws Error when an applied migration was changed since, or is unknown to this version
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const migrations = await readMigrations();
  const sql = postgres(options.ownerUrl, {
    max: 1,
    connect_timeout: connectTimeoutSeconds,
    onnotice: () => undefined,
    fetch_types: false,
  });
  try {
    // The lock lives as long as this one connection.
    await sql`select pg_advisory_lock(${lockKey})`;
    return { applied: await applyMissing(sql, migrations, options.appRole) };
  } finally {
    await sql.end();
  }
}

async function applyMissing(
  sql: postgres.Sql,
  migrations: readonly Migration[],
  appRole: string,
): Promise<string[]> {
  await prepare(sql, appRole);
  const known = await sql<{ name: string; sha256: string }[]>`
    select name, sha256 from conclave.migrations order by name`;
  refuseForeign(migrations, known);
  const applied: string[] = [];
  for (const migration of migrations.slice(known.length)) {
    await sql.begin(async (transaction) => {
      await transaction`select set_config('search_path', 'conclave, pg_catalog', true)`;
      await transaction.unsafe(migration.text.replaceAll('{{app_role}}', quoted(appRole)));
      await transaction`
        insert into conclave.migrations (name, sha256) values (${migration.name}, ${migration.sha256})`;
    });
    applied.push(migration.name);
  }
  return applied;
}

async function prepare(sql: postgres.Sql, appRole: string): Promise<void> {
  await sql.begin(async (transaction) => {
    const [role] = await transaction`select from pg_roles where rolname = ${appRole}`;
    if (role === undefined) await transaction.unsafe(`create role ${quoted(appRole)} nologin`);
    await transaction`create schema if not exists conclave`;
    await transaction`
      create table if not exists conclave.migrations (
        name text primary key,
        sha256 text not null,
        applied_at timestamptz not null default now()
      )`;
  });
}

function refuseForeign(
  migrations: readonly Migration[],
  known: readonly { name: string; sha256: string }[],
): void {
  known.forEach((row, index) => {
    const ours = migrations[index];
    if (ours?.name !== row.name) {
      throw new Error(
        `migration ${row.name} is applied in this database, but this version has ${ours?.name ?? 'none'} in its place: ` +
          'the database belongs to a newer version',
      );
    }
    if (ours.sha256 !== row.sha256) {
      throw new Error(
        `migration ${row.name} was changed after it was applied: its SHA-256 is ${ours.sha256}, ` +
          `expected ${row.sha256}; migrations go forward only, so add a new one`,
      );
    }
  });
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
