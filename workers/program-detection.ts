import type { DetectedProgram } from '../domain/commands/detected-program.ts';
import type { ClaimedProgram, ProgramStore } from '../infra/stores/program-store.ts';
import type { LogLines } from './runtime.ts';

/** What looking at registered programs stands on. */
export interface DetectionDeps {
  readonly store: Pick<ProgramStore, 'claim' | 'settle'>;
  /** Gives `null` where the program may not be run now. */
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

/** Looks at programs as they are registered, one at a time, beside the work of its process. */
export class ProgramDetection {
  readonly #deps: DetectionDeps;
  readonly #ending = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
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
    if (this.#ending.signal.aborted) return;
    this.#mustLookAgain = true;
    this.#looking ??= this.#lookAll();
  }

  /** Ends what is under way; some worker looks at it again when its claim has lapsed. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ending.abort();
    await this.#looking;
  }

  async #lookAll(): Promise<void> {
    while (this.#mustLookAgain && !this.#ending.signal.aborted) {
      this.#mustLookAgain = false;
      try {
        while (await this.#lookAtOne());
      } catch (error) {
        this.#deps.log.warn({ err: error }, 'looking at registered programs failed');
      }
    }
    this.#looking = undefined;
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
