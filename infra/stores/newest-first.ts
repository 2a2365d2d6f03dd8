import type { PendingQuery, Row } from 'postgres';

import type { Transaction } from '../database/connection.ts';

/** Which part of a list that is sorted by creation, newest first. Times are RFC 3339. */
export interface CreatedRange {
  readonly createdAfter?: string;
  readonly createdBefore?: string;
}

/**
 * Makes the conditions for a page of a table with the columns `created_at` and `id`.
 *
 * @param sql - a transaction of the tenant
 * @param range - between which moments
 * @param last - the last one of the page before; undefined for the first page
 * @returns each begins with `and`
 */
export function createdConditions(
  sql: Transaction,
  range: CreatedRange,
  last: { readonly createdAt: string; readonly id: string } | undefined,
): readonly (PendingQuery<Row[]> | undefined)[] {
  const { createdAfter, createdBefore } = range;
  return [
    createdAfter === undefined ? undefined : sql`and created_at > ${createdAfter}::timestamptz`,
    createdBefore === undefined ? undefined : sql`and created_at < ${createdBefore}::timestamptz`,
    last && sql`and (created_at, id) < (${last.createdAt}::timestamptz, ${last.id})`,
  ];
}
