/** What is kept waiting. */
export interface Waiting {
  /** Resolves when it has ended, taken or not. */
  readonly ended: Promise<unknown>;
  /** Ends it and removes what is left of it; what it cannot remove, a later engine sweeps. */
  discard(): Promise<void>;
}

interface Taker<T> {
  readonly give: (interpreter: T) => void;
  readonly fail: (error: unknown) => void;
}

/** Which and how many are kept waiting. */
export interface WaitingOptions<T> {
  readonly start: () => Promise<T>;
  /** How many are kept. */
  readonly kept: number;
  /** How many start at a time. */
  readonly startingMax: number;
}

/** The start of another takes a processor for longer than most snippets do: it lets a short one pass. */
const REFILL_AFTER_MS = 15;

/** Interpreters that were started beforehand; whoever takes one uses it once, and another is started for it. */
export class WaitingInterpreters<T extends Waiting> {
  readonly #options: WaitingOptions<T>;
  readonly #idle: T[] = [];
  readonly #takers: Taker<T>[] = [];
  readonly #working = new Set<Promise<void>>();
  #starting = 0;
  #refilling: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: WaitingOptions<T>) {
    this.#options = options;
    this.#fill();
  }

  /**
   * Takes one, at once where one waits.
   *
   * @param signal - ends the waiting for one
   * @returns undefined when the signal came first
   * @throws Error when none can be started
   */
  async take(signal: AbortSignal): Promise<T | undefined> {
    if (signal.aborted || this.#isClosed) return undefined;
    const idle = this.#idle.shift();
    if (idle !== undefined) {
      this.#refill();
      return idle;
    }
    return await new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#takers.splice(this.#takers.indexOf(taker), 1);
        resolve(undefined);
      };
      const taker: Taker<T> = {
        give: (interpreter) => {
          signal.removeEventListener('abort', leave);
          resolve(interpreter);
        },
        fail: (error) => {
          signal.removeEventListener('abort', leave);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      };
      this.#takers.push(taker);
      signal.addEventListener('abort', leave);
      this.#fill();
    });
  }

  /** Ends those that wait; called when nobody takes any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#refilling);
    await Promise.all(this.#idle.splice(0).map((each) => each.discard()));
    await Promise.all(this.#working);
  }

  #refill(): void {
    this.#refilling ??= setTimeout(() => {
      this.#refilling = undefined;
      this.#fill();
    }, REFILL_AFTER_MS);
  }

  #fill(): void {
    const { kept, startingMax } = this.#options;
    const wanted = kept + this.#takers.length;
    while (
      !this.#isClosed &&
      this.#starting < startingMax &&
      this.#idle.length + this.#starting < wanted
    ) {
      this.#starting += 1;
      const working: Promise<void> = this.#add().finally(() => this.#working.delete(working));
      this.#working.add(working);
    }
  }

  async #add(): Promise<void> {
    try {
      const interpreter = await this.#options.start();
      this.#starting -= 1;
      await this.#offer(interpreter);
      this.#fill();
    } catch (error) {
      this.#starting -= 1;
      // Where nobody waits, whoever comes next finds out: to try on would be to try for ever.
      this.#takers.shift()?.fail(error);
      if (this.#takers.length > 0) this.#fill();
    }
  }

  async #offer(interpreter: T): Promise<void> {
    if (this.#isClosed) {
      await interpreter.discard();
      return;
    }
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.give(interpreter);
      return;
    }
    this.#idle.push(interpreter);
    void interpreter.ended
      .then(() => this.#replace(interpreter))
      // Nobody waits for it; unheard it would end the whole engine.
      .catch(() => undefined);
  }

  /** One that ended while it waited. */
  async #replace(interpreter: T): Promise<void> {
    const at = this.#idle.indexOf(interpreter);
    if (at === -1) return;
    this.#idle.splice(at, 1);
    try {
      await interpreter.discard();
    } finally {
      this.#fill();
    }
  }
}
