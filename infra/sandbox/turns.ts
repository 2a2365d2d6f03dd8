import { setImmediate as nextTurn } from 'node:timers/promises';

/** Resolves when it is the caller's turn, at most one caller in each turn of the event loop. */
export type Turns = () => Promise<void>;

/**
 * Hands out turns to start processes: each start holds the event loop for milliseconds, on a busy machine for tens of
 * them, and several at once would hold it for their sum.
 */
export function createTurns(): Turns {
  let last = Promise.resolve();
  return async () => {
    last = last.then(async () => {
      await nextTurn();
    });
    await last;
  };
}
