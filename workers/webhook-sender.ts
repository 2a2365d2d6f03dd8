import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { ClaimedDelivery, DeliveryQueue, SettledTry } from '../infra/stores/delivery-queue.ts';
import type { WebhookTry } from './webhook-try.ts';

/** How much a sender does at a time, and when. */
export interface WebhookPace {
  /** How long a claim lasts, milliseconds; longer than a try may take. */
  readonly leaseMs: number;
  /** Most tries of this process at a time. */
  readonly triesAtOnce: number;
  /** Most tries of one tenant at a time, over all workers. */
  readonly triesPerTenant: number;
  /** Most tries of one webhook at a time, over all workers. */
  readonly triesPerWebhook: number;
  /** How often it looks when nobody tells it to and nothing becomes due, milliseconds. */
  readonly lookMs: number;
  /** How often it removes what is old, milliseconds. */
  readonly sweepMs: number;
  /** How long delivered ones are kept, seconds. */
  readonly deliveredSeconds: number;
  /** How long dead ones are kept, seconds. */
  readonly deadSeconds: number;
  /** How long those under way may go on when it is told to stop, milliseconds. */
  readonly graceMs: number;
}

const daySeconds = 86_400;

/**
 * Gives the pace of a worker, whose tries may take so long.
 *
 * @param timeoutMs - how long a try may take
 */
export function usualPace(timeoutMs: number): WebhookPace {
  return {
    leaseMs: 2 * timeoutMs + 1000,
    triesAtOnce: 64,
    triesPerTenant: 32,
    triesPerWebhook: 8,
    lookMs: 5000,
    sweepMs: 60_000,
    deliveredSeconds: 3 * daySeconds,
    deadSeconds: 30 * daySeconds,
    graceMs: 1500,
  };
}

/** What a sender stands on. */
export interface WebhookSenderDeps {
  readonly queue: Pick<DeliveryQueue, 'claim' | 'settle' | 'idleMs' | 'sweep'>;
  readonly tryOnce: WebhookTry;
  readonly pace: WebhookPace;
  readonly log: {
    debug(fields: object, message: string): void;
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** Times that a sweep begins anew at once because there was more than it takes at a time. */
const sweepRoundsMax = 20;
const sweepLimit = 1000;
/** Nothing is waited for more finely. */
const waitLeastMs = 5;

/**
 * Sends what is due, beside the work of its process, from the moment it is made. Several processes share the work: each
 * claims what it tries.
 */
export class WebhookSender {
  readonly #deps: WebhookSenderDeps;
  readonly #underWay = new Map<ClaimedDelivery, Promise<void>>();
  readonly #ending = new AbortController();
  readonly #sweeping: Promise<void>;
  #isStopped = false;
  #looking: Promise<void> | undefined;
  #mustLookAgain = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: WebhookSenderDeps) {
    this.#deps = deps;
    this.#sweeping = this.#sweepAgainAndAgain();
    this.wake();
  }

  /** Looks for what is due now; as a hint, it may come late, twice or for nothing. */
  wake(): void {
    if (this.#isStopped) return;
    this.#mustLookAgain = true;
    this.#looking ??= this.#lookAll();
  }

  /** Ends what is under way after a grace; what is cut off is tried again by somebody when its claim has lapsed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const grace = setTimeout(() => {
      this.#ending.abort();
    }, this.#deps.pace.graceMs);
    await this.#looking;
    await Promise.all(this.#underWay.values());
    clearTimeout(grace);
    this.#ending.abort();
    await this.#sweeping;
  }

  async #lookAll(): Promise<void> {
    const { log, pace } = this.#deps;
    try {
      while (this.#mustLookAgain && !this.#isStopped) {
        this.#mustLookAgain = false;
        const waitMs = await this.#look().catch((error: unknown) => {
          log.warn({ err: error }, 'looking for webhook deliveries failed');
          return pace.lookMs;
        });
        clearTimeout(this.#timer);
        this.#timer = setTimeout(
          () => {
            this.wake();
          },
          Math.max(waitMs, waitLeastMs),
        );
      }
      if (this.#isStopped) clearTimeout(this.#timer);
    } finally {
      // With the last look at the flag, in one step: whoever wakes afterwards begins anew.
      this.#looking = undefined;
    }
  }

  /** Takes what there is room for; answers when to look again if nothing happens before. */
  async #look(): Promise<number> {
    const { queue, pace } = this.#deps;
    const room = pace.triesAtOnce - this.#underWay.size;
    if (room <= 0) return pace.lookMs;
    // Before the claim, so that what becomes due between the two is in one of them.
    const idleMs = (await queue.idleMs()) ?? pace.lookMs;
    const failing = [...this.#underWay.keys()].filter(({ isFailing }) => isFailing).length;
    const claimed = await queue.claim({
      claim: randomUUID(),
      limit: room,
      // Half of the room is kept for those who answer.
      failingLimit: Math.max(Math.floor(pace.triesAtOnce / 2) - failing, 0),
      perTenant: pace.triesPerTenant,
      perWebhook: pace.triesPerWebhook,
      leaseMs: pace.leaseMs,
    });
    for (const delivery of claimed) {
      const trying = this.#attempt(delivery).finally(() => {
        this.#underWay.delete(delivery);
        this.wake();
      });
      this.#underWay.set(delivery, trying);
    }
    return Math.min(idleMs, pace.lookMs);
  }

  async #attempt(delivery: ClaimedDelivery): Promise<void> {
    const { queue, tryOnce, log } = this.#deps;
    try {
      const outcome = await tryOnce(delivery, this.#ending.signal);
      if (outcome === undefined) return;
      await queue.settle(delivery, outcome);
      tell(log, delivery, outcome);
    } catch (error) {
      // Its claim lapses, and it is tried again.
      log.warn({ err: error, ...namesOf(delivery) }, 'a webhook delivery could not be settled');
    }
  }

  async #sweepAgainAndAgain(): Promise<void> {
    const { pace, log } = this.#deps;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await delay(pace.sweepMs, undefined, { signal }).catch(() => undefined);
      await this.#sweep().catch((error: unknown) => {
        log.warn({ err: error }, 'removing old webhook deliveries failed');
      });
    }
  }

  async #sweep(): Promise<void> {
    const { deliveredSeconds, deadSeconds } = this.#deps.pace;
    const portion = { deliveredSeconds, deadSeconds, limit: sweepLimit };
    for (let round = 0; round < sweepRoundsMax && !this.#isStopped; round += 1) {
      if ((await this.#deps.queue.sweep(portion)) < sweepLimit) return;
    }
  }
}

function tell(
  log: WebhookSenderDeps['log'],
  delivery: ClaimedDelivery,
  { kind, status, error, tookMs, waitMs }: SettledTry,
): void {
  const fields = { ...namesOf(delivery), tries: delivery.tries, status, error, durationMs: tookMs };
  if (kind === 'delivered') log.debug(fields, 'webhook delivered');
  else if (kind === 'retry') log.info({ ...fields, waitMs }, 'webhook delivery failed');
  else if (kind === 'dead') log.warn(fields, 'webhook delivery is dead');
  else log.warn(fields, 'webhook switched off, its receiver wants nothing more');
}

function namesOf({ tenantId, webhookId, id }: ClaimedDelivery): object {
  return { tenantId, webhookId, deliveryId: id };
}
