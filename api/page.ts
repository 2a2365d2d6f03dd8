import type { Links } from './collaboration-view.ts';

/** A page of a list, as every list that has pages answers it. */
export interface Page<Item, Next> {
  readonly items: Item[];
  /** What the parameter takes that leads to the next page; null on the last one. */
  readonly next: Next | null;
  readonly links: Links;
}

/**
 * Makes a page.
 *
 * @param url - of the request; the links repeat its filters
 * @param items - what is on the page
 * @param next - where the next page begins
 * @param next.parameter - name of the parameter that takes it
 * @param next.value - what it takes; null on the last page
 */
export function pageOf<Item, Next extends string | number>(
  url: string,
  items: readonly Item[],
  next: { parameter: string; value: Next | null },
): Page<Item, Next> {
  const { parameter, value } = next;
  const links = {
    self: pathOf(new URL(url)),
    ...(value !== null && { next: pathOf(withParameter(url, parameter, String(value))) }),
  };
  return { items: [...items], next: value, links };
}

/**
 * Cuts what was found down to a page.
 *
 * @param found - what the store gave when it was asked for one more than the page holds: that one tells whether there is more
 * @param limit - most entries of the page
 * @param placeOf - says of the page's last entry where the next page begins
 * @returns what is on the page; `value` is null on the last one
 */
export function cut<Row, Next>(
  found: readonly Row[],
  limit: number,
  placeOf: (last: Row) => Next,
): { items: readonly Row[]; value: Next | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const value = found.length > limit && last !== undefined ? placeOf(last) : null;
  return { items, value };
}

function withParameter(url: string, name: string, value: string): URL {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed;
}

function pathOf({ pathname, search }: URL): string {
  return pathname + search;
}
