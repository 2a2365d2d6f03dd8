/** Lets a number of runs in at a time; further ones wait in the order in which they came. */
export class Turnstile {
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(places: number, waitingMax: number) {
    this.#free = places;
    this.#waitingMax = waitingMax;
  }

  /**
   * Waits for a place.
   *
   * @param signal - ends the waiting
   * @returns true with a place, to be given back with `leave`; false when the signal came first
   * @throws Error when too many wait already
   */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (this.#waiting.length >= this.#waitingMax) {
      throw new Error(
        `waiting runs: got ${this.#waitingMax + 1}, expected at most ${this.#waitingMax}`,
      );
    }
    return new Promise((resolve) => {
      const give = (): void => {
        signal.removeEventListener('abort', leaveQueue);
        resolve(true);
      };
      const leaveQueue = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        resolve(false);
      };
      this.#waiting.push(give);
      signal.addEventListener('abort', leaveQueue, { once: true });
    });
  }

  /** Gives a place back. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
