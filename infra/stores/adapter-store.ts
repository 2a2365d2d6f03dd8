import type { AdapterDescription } from '../../domain/providers/adapter.ts';
import { persistently } from '../database/persistence.ts';
import type { StoreDeps } from './store-deps.ts';

/** An adapter that a worker has, or once had. */
export interface KnownAdapter {
  /** As the worker described it that loaded it last. */
  readonly description: AdapterDescription;
  /** When a worker last said that it had loaded it, RFC 3339. */
  readonly loadedAt: string;
  readonly workers: {
    /** Workers that run now. */
    readonly running: number;
    /** Those of them that have it, in whatever version. */
    readonly having: number;
    /** Those of them that have it just as described. */
    readonly alike: number;
  };
}

/** The adapters of the house, as its workers say; they are no tenant's. */
export interface AdapterStore {
  /** Lists them by name. */
  list(): Promise<KnownAdapter[]>;
}

/**
 * Opens the store of adapters.
 *
 * @param deps - the database
 */
export function createAdapterStore(deps: StoreDeps): AdapterStore {
  const { sql } = deps.database;
  return {
    list: async () => {
      const rows = await persistently(
        () =>
          sql<
            {
              description: AdapterDescription;
              loaded_at: Date;
              workers: number;
              workers_having: number;
              workers_alike: number;
            }[]
          >`select * from conclave.adapters_known()`,
      );
      return rows.map((row) => ({
        description: row.description,
        loadedAt: row.loaded_at.toISOString(),
        workers: { running: row.workers, having: row.workers_having, alike: row.workers_alike },
      }));
    },
  };
}
