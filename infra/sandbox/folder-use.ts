import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { Grant } from '../../domain/sandbox/run.ts';
import { isAtOrBelow } from './grants.ts';
import { isAbandoned } from './sweep.ts';

/** Either the folders are the run's until it leaves them, or why they cannot be. */
export type Taking =
  | { readonly kind: 'taken'; readonly leave: () => void }
  | { readonly kind: 'refused'; readonly reason: string };

type Use = Pick<Grant, 'host' | 'mode'>;

const USES = 'uses';

/**
 * Which folders of the host runs write into, or have copies of, at this time: runs of this engine, and of all that share the
 * sandbox's folder, each of which notes its own in a folder of its own there.
 *
 * A folder is written by one run at a time, and copied by none meanwhile: a writer could put a link in the place of a
 * folder while programs of the host walk through it for the copy, and for its changes. Locks on the folders themselves would
 * not do: they cannot tell a copy of a folder from a run that writes somewhere below it.
 */
export class FolderUse {
  readonly #uses = new Set<Use>();
  readonly #folder: string;
  readonly #own: string;

  /**
   * Sees what engines note that are there already.
   *
   * @param folder - the sandbox's own, with those of its engines
   * @param own - this engine's, in there
   */
  constructor(folder: string, own: string) {
    this.#folder = folder;
    this.#own = own;
    mkdirSync(join(own, USES));
  }

  /**
   * Takes the folders of a run. Of two engines that take one at the very same moment, both may be refused, and never neither.
   *
   * @param grants - all of one run; those to be read are nobody's
   */
  take(grants: readonly Grant[]): Taking {
    const taken = grants
      .filter(({ mode }) => mode !== 'read')
      .map(({ host, mode }): Use => ({ host, mode }));
    if (taken.length === 0) return { kind: 'taken', leave: () => undefined };
    const here = conflict(taken, [...this.#uses]);
    if (here !== undefined) return { kind: 'refused', reason: here };
    // Noted before the others' are read: whoever comes later sees it.
    const note = this.#note(taken);
    const leave = (): void => {
      for (const each of taken) this.#uses.delete(each);
      rmSync(note, { force: true });
    };
    try {
      const elsewhere = conflict(taken, this.#usesElsewhere());
      if (elsewhere === undefined) {
        for (const each of taken) this.#uses.add(each);
        return { kind: 'taken', leave };
      }
      leave();
      return { kind: 'refused', reason: elsewhere };
    } catch (error) {
      leave();
      throw error;
    }
  }

  #note(uses: readonly Use[]): string {
    const name = randomUUID();
    const [made, note] = [join(this.#own, name), join(this.#own, USES, name)];
    writeFileSync(made, JSON.stringify(uses), { mode: 0o600 });
    renameSync(made, note); // nobody reads half of it
    return note;
  }

  #usesElsewhere(): Use[] {
    return readdirSync(this.#folder)
      .filter((name) => name.startsWith('host-') && name !== basename(this.#own))
      .map((name) => join(this.#folder, name))
      .filter((engine) => !isAbandoned(engine))
      .flatMap((engine) => namesIn(join(engine, USES)).map((name) => join(engine, USES, name)))
      .flatMap(usesIn);
  }
}

function namesIn(folder: string): string[] {
  return unlessGone(() => readdirSync(folder)) ?? [];
}

function usesIn(note: string): Use[] {
  return unlessGone(() => JSON.parse(readFileSync(note, 'utf8')) as Use[]) ?? [];
}

/** What an engine has left between two looks, or has not made yet, counts for nothing; what cannot be read is a fault. */
function unlessGone<Read>(read: () => Read): Read | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function conflict(asked: readonly Use[], others: readonly Use[]): string | undefined {
  for (const each of asked) {
    const other = others.find((one) => isAgainst(one, each));
    if (other === undefined) continue;
    const what = other.mode === 'write' ? 'writes to it' : 'has a copy of it';
    return `${each.host}: another run ${what}, expected one at a time`;
  }
  return undefined;
}

/** Whether one writes to what the other writes to or copies: the same folder, one above it or one below it. */
function isAgainst(one: Use, other: Use): boolean {
  if (one.mode !== 'write' && other.mode !== 'write') return false;
  return isAtOrBelow(one.host, other.host) || isAtOrBelow(other.host, one.host);
}
