import postgres from 'postgres';

import { persistently } from './persistence.ts';

/** How to reach a database. */
export interface DatabaseOptions {
  /** `postgres://…` of the application role. */
  readonly url: string;
  /** Most connections that this process opens for queries; listening takes one more. */
  readonly connectionsMax: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /**
   * After how long the server gives up a statement, or a transaction in which nothing is asked of it, milliseconds; 30,000
   * unless set. Every statement here is one of milliseconds: what takes longer waits for a lock that somebody does not give back.
   */
  readonly statementTimeoutMs?: number;
}

/** The queries of one transaction, as tagged templates. */
export type Transaction = postgres.TransactionSql;

/**
 * A pool of connections to one database.
 * Every failure of the connection itself is one for which `isTransient` is true; the pool reconnects by itself at the next
 * query, so a caller that tries again needs no other care.
 */
export interface Database {
  /** For statements that need no tenant: functions that look across tenants, notifications. */
  readonly sql: postgres.Sql;
  /**
   * Runs one transaction that sees and writes one tenant's rows only; it commits when `work` resolves and is undone when it rejects.
   * When the connection fails, `work` is done again, so it must be repeatable.
   * The setting of the tenant travels with the first statement.
   */
  withTenant<T>(tenantId: string, work: (sql: Transaction) => Promise<T>): Promise<T>;
  /**
   * Hears a channel on a connection of its own, which is made anew when it is lost.
   *
   * @param channel - name of the channel
   * @param onPayload - called for every notification
   * @param onListening - called now and whenever the connection was made anew: what came in between was not heard
   * @returns stops hearing
   */
  listen(
    channel: string,
    onPayload: (payload: string) => void,
    onListening: () => void,
  ): Promise<() => Promise<void>>;
  /** Ends all connections; what is under way may finish within five seconds. */
  close(): Promise<void>;
}

const connectTimeoutSeconds = 5;
const closeTimeoutSeconds = 5;
const statementTimeoutDefaultMs = 30_000;
const backoffFirstSeconds = 0.02;
/** Short: the driver counts the lost connections of the whole pool, so a server that was away is at the longest wait at once. */
const backoffMaxSeconds = 0.25;

/**
 * Opens a pool; connections are made when they are first needed.
 *
 * @param options - address, size and name
 */
export function createDatabase(options: DatabaseOptions): Database {
  const { statementTimeoutMs = statementTimeoutDefaultMs } = options;
  const sql = postgres(options.url, {
    max: options.connectionsMax,
    connect_timeout: connectTimeoutSeconds,
    backoff: backoffSeconds,
    fetch_types: false,
    // Notices are for people at a terminal; a statement's failure is an error.
    onnotice: () => undefined,
    connection: {
      application_name: options.applicationName,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
    },
  });
  return {
    sql,
    withTenant: async (tenantId, work) => {
      const transact = () =>
        sql.begin(async (transaction) => {
          const tenant =
            transaction`select set_config('conclave.tenant', ${tenantId}, true)`.execute();
          // A failing setting surfaces below; until then it must not count as unhandled.
          tenant.catch(() => undefined);
          const outcome = await work(transaction);
          await tenant;
          return { result: outcome };
        });
      return (await persistently(transact)).result;
    },
    listen: async (channel, onPayload, onListening) => {
      const subscription = await sql.listen(channel, onPayload, onListening);
      return () => subscription.unlisten();
    },
    close: () => sql.end({ timeout: closeTimeoutSeconds }),
  };
}

/**
 * Says how long to wait before connecting again.
 *
 * @param retries - attempts that failed in a row
 */
export function backoffSeconds(retries: number): number {
  return Math.min(backoffFirstSeconds * 2 ** retries, backoffMaxSeconds);
}
