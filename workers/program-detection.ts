import type { DetectedProgram } from '../domain/commands/detected-program.ts';
import type { ClaimedProgram, ProgramStore } from '../infra/stores/program-store.ts';
import type { LogLines } from './runtime.ts';

/** What looking at registered programs stands on. */
export interface DetectionDeps {
  readonly store: Pick<ProgramStore, 'claim' | 'settle'>;
  /** Gives `null` where nothing can be said of the program now, since it may not or cannot be run. */
  readonly detect: (
    claimed: Pick<ClaimedProgram, 'tenantId' | 'agent'>,
    signal: AbortSignal,
  ) => Promise<DetectedProgram | null>;
  readonly log: LogLines;
}

/** How often it is looked when nobody tells that something was registered, milliseconds. */
const lookMs = 15_000;

/** Longest time for version and dry call together, and how long a claim lasts: a little longer. */
const detectMs = 120_000;
const leaseMs = detectMs + 30_000;

/** Most programs looked at by one worker at a time: one that hangs must not keep the others waiting, and turns need room. */
export const looksMax = 3;

/** Looks at programs as they are registered, a few at a time, beside the work of its process. */
export class ProgramDetection {
  readonly #deps: DetectionDeps;
  readonly #ending = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #looks = new Set<Promise<void>>();
  #mustLookAgain = false;

  constructor(deps: DetectionDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => {
      this.wake();
    }, lookMs);
    this.wake();
  }

  /** Looks for what was registered; as a hint, it may come late, twice or for nothing. */
  wake(): void {
    if (this.#isEnding()) return;
    this.#mustLookAgain = true;
    if (this.#looks.size === looksMax) return;
    const look = this.#look().finally(() => this.#looks.delete(look));
    this.#looks.add(look);
  }

  /** Ends what is under way; some worker looks at it again when its claim has lapsed. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ending.abort();
    await Promise.all(this.#looks);
  }

  /** Looks at one after the other until none is left. */
  async #look(): Promise<void> {
    while (this.#mustLookAgain && !this.#isEnding()) {
      this.#mustLookAgain = false;
      try {
        while (await this.#lookAtOne());
      } catch (error) {
        this.#deps.log.warn({ err: error }, 'looking at registered programs failed');
      }
    }
  }

  #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  /** False when there is none. */
  async #lookAtOne(): Promise<boolean> {
    if (this.#isEnding()) return false;
    const { store, detect, log } = this.#deps;
    const claimed = await store.claim(leaseMs);
    if (claimed === undefined) return false;
    // Where one waited there may be more.
    this.wake();
    const { agent } = claimed;
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(detectMs)]);
    const found = await detect(claimed, signal);
    // What was cut off tells nothing of the program.
    if (this.#isEnding()) return false;
    // It is claimed again when this claim has lapsed.
    if (found === null) return true;
    await store.settle(claimed, found);
    const { isThere, version, capabilities } = found;
    const isAnswering = capabilities?.isAnswering ?? null;
    log.info({ agent: agent.name, isThere, version, isAnswering }, 'program looked at');
    return true;
  }
}
