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

function withParameter(url: string, name: string, value: string): URL {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed;
}

function pathOf({ pathname, search }: URL): string {
  return pathname + search;
}
