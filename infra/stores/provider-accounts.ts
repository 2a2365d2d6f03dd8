import type { FaultDisposition } from '../../domain/providers/model-connector.ts';
import { persistently } from '../database/persistence.ts';
import type { StoreDeps } from './store-deps.ts';

/** Where a provider account stands. */
export interface ProviderAccountStatus {
  /** See `accountOf` in domain/providers/agent.ts. */
  readonly account: string;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** Faults in a row. */
  readonly failures: number;
  /** When an open breaker lets one call through, RFC 3339. */
  readonly openUntil: string | null;
  /** Until when the provider asked not to be called. */
  readonly blockedUntil: string | null;
  /** Calls in flight, all tenants together. */
  readonly inFlight: number;
  /** Calls begun in the last minute, where a rate limit is kept. */
  readonly requestsLastMinute: number;
}

/** Provider accounts: breaker and limits, kept across tenants and workers. */
export interface ProviderAccounts {
  /**
   * Notes a failed call. Where the provider said when to come back, nobody calls it before. Else five in a row open the
   * breaker for 10 s, twice as long at each opening up to 2 minutes; `never` (a bad request, a wrong key) says nothing
   * about the provider's health and is not counted. Where the failed call was the one that an open breaker let through,
   * the next may try.
   */
  reportFault(input: {
    readonly account: string;
    readonly disposition: FaultDisposition;
    readonly retryAfterMs: number | null;
  }): Promise<void>;
  /** Notes a call that worked: the breaker closes. A settled reply says so by itself. */
  reportSuccess(account: string): Promise<void>;
  /** Shows how these accounts stand; an account never called is closed and idle. */
  status(accounts: readonly string[]): Promise<ProviderAccountStatus[]>;
}

interface AccountRow {
  readonly account: string;
  readonly state: ProviderAccountStatus['breaker'];
  readonly failures: number;
  readonly open_until: Date | null;
  readonly blocked_until: Date | null;
  readonly in_flight: number;
  readonly last_minute: number;
}

/**
 * Opens the provider accounts.
 *
 * @param deps - the database
 */
export function createProviderAccounts(deps: StoreDeps): ProviderAccounts {
  const { database } = deps;
  const { sql } = database;
  return {
    reportFault: async ({ account, disposition, retryAfterMs }) => {
      if (disposition === 'never') {
        await persistently(() => sql`select conclave.account_probe_ended(${account})`);
        return;
      }
      const waitMs = retryAfterMs === null ? null : Math.ceil(retryAfterMs);
      await persistently(() => sql`select conclave.account_failed(${account}, ${waitMs})`);
    },

    reportSuccess: async (account) => {
      await sql`
        select conclave.accounts_succeeded(
          array(select jsonb_array_elements_text(${JSON.stringify([account])}::text::jsonb)))`;
    },

    status: async (accounts) => {
      const rows = await persistently(
        () => sql<AccountRow[]>`
          select * from conclave.accounts_status(
            array(select jsonb_array_elements_text(${JSON.stringify(accounts)}::text::jsonb)))`,
      );
      return rows.map((row) => ({
        account: row.account,
        breaker: row.state,
        failures: row.failures,
        openUntil: row.open_until?.toISOString() ?? null,
        blockedUntil: row.blocked_until?.toISOString() ?? null,
        inFlight: row.in_flight,
        requestsLastMinute: row.last_minute,
      }));
    },
  };
}
