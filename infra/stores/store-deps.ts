import type { Database } from '../database/connection.ts';
import type { GroupCommit } from './group-commit.ts';

/** What a store needs that only reads and writes rows. */
export interface StoreDeps {
  /** Pool of the application role. */
  readonly database: Database;
}

/** What a store needs that also performs operations on runs. */
export interface RunStoreDeps extends StoreDeps {
  /** One for all stores of a process, so that what they do at once is one transaction. */
  readonly groupCommit: GroupCommit;
}
