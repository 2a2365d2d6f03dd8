import type { Grant } from '../../domain/sandbox/run.ts';
import { isAtOrBelow } from './grants.ts';

/** Either the folders are the run's until it leaves them, or why they cannot be. */
export type Taking =
  | { readonly kind: 'taken'; readonly leave: () => void }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Which folders of the host runs write into, or have copies of, at this time.
 *
 * A folder is written by one run at a time, and copied by none meanwhile: a writer could put a link in the place of a
 * folder while programs of the host walk through it for the copy, and for its changes.
 */
export class FolderUse {
  readonly #uses = new Set<Grant>();

  /**
   * Takes the folders of a run.
   *
   * @param grants - all of one run; those to be read are nobody's
   */
  take(grants: readonly Grant[]): Taking {
    for (const grant of grants) {
      const other = [...this.#uses].find((each) => isAgainst(each, grant));
      if (other === undefined) continue;
      const what = other.mode === 'write' ? 'writes to it' : 'has a copy of it';
      return {
        kind: 'refused',
        reason: `${grant.host}: another run ${what}, expected one at a time`,
      };
    }
    const taken = grants.filter(({ mode }) => mode !== 'read').map((grant) => ({ ...grant }));
    for (const each of taken) this.#uses.add(each);
    return {
      kind: 'taken',
      leave: () => {
        for (const each of taken) this.#uses.delete(each);
      },
    };
  }
}

/** Whether one writes to what the other writes to or copies: the same folder, one above it or one below it. */
function isAgainst(one: Grant, other: Grant): boolean {
  const modes = [one.mode, other.mode];
  if (modes.includes('read') || !modes.includes('write')) return false;
  return isAtOrBelow(one.host, other.host) || isAtOrBelow(other.host, one.host);
}
