import { listLimitMax } from '../infra/stores/collaboration-store.ts';
import { decodeCursor, encodeCursor } from './list-cursor.ts';
import type { ListPosition } from './list-cursor.ts';
import { cut, pageOf } from './page.ts';
import type { Page } from './page.ts';
import { queryCursor, queryInteger, queryTime } from './schemas/parameters.ts';

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = listLimitMax - 1;

/** What the query of every list takes that is sorted by creation, newest first. */
export const pageQuery = {
  cursor: queryCursor().optional(),
  limit: queryInteger({ from: 1, to: LIMIT_MAX }).optional(),
};

/** What the query of such a list takes where it can be cut by time as well. */
export const createdQuery = {
  createdAfter: queryTime().optional(),
  createdBefore: queryTime().optional(),
};

/** A list that is sorted by creation. */
export interface NewestFirst<Row, View> {
  /** Whether a text can be the id of an entry. */
  readonly isId: (text: string) => boolean;
  /** Gives the entries that come after a position, at most as many as the limit. */
  readonly read: (after: ListPosition | undefined, limit: number) => Promise<readonly Row[]>;
  readonly placeOf: (row: Row) => ListPosition;
  readonly viewOf: (row: Row) => View;
}

/**
 * Reads a page of a list that is sorted by creation.
 *
 * @param url - of the request
 * @param asked - which page, as {@link pageQuery} takes it
 * @param asked.cursor - where it begins; with the newest unless given
 * @param asked.limit - most entries, 50 unless given
 * @param list - what is listed
 * @throws `Problem` `cursor-invalid`
 */
export async function readNewestFirst<Row, View>(
  url: string,
  asked: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  list: NewestFirst<Row, View>,
): Promise<Page<View, string>> {
  const { cursor, limit = LIMIT_DEFAULT } = asked;
  const after = cursor === undefined ? undefined : decodeCursor(cursor, list.isId);
  const found = await list.read(after, limit + 1);
  const { items, value } = cut(found, limit, (last) => encodeCursor(list.placeOf(last)));
  return pageOf(url, items.map(list.viewOf), { parameter: 'cursor', value });
}

/** Leaves out what was not given: absent and undefined are not the same to the stores. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
