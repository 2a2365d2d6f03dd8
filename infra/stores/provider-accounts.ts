import type { FaultDisposition } from '../../domain/providers/model-connector.ts';

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
   * about the provider's health and is not counted.
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
