import postgres from 'postgres';

import { backoffSeconds } from '../database/connection.ts';
import { isTransient } from '../database/transient-error.ts';

/** A worker's place in the registry. */
export interface Registration {
  /** Gives the place up: the lock falls and the row goes. */
  close(): Promise<void>;
}

/**
 * Who is alive. A worker lives as long as its session-level lock: the lock falls with the process, without any time-out.
 * All locks of a process are held on one connection of its own.
 */
export interface WorkerRegistry {
  /**
   * Announces a worker and keeps it announced: a lost connection is made anew and the lock taken again.
   *
   * @returns resolves once the lock is held
   */
  register(worker: {
    readonly workerId: string;
    readonly taskQueue: string;
  }): Promise<Registration>;
  /**
   * Lists workers that are registered but whose lock is free, and those that this process claimed and did not forget yet.
   * None within two seconds of a lost connection: when the server was away, everyone's lock fell.
   */
  deadWorkers(): Promise<string[]>;
  /**
   * Takes a dead worker's lock, so that exactly one process does the takeover; false when another has it, or had it.
   * A process that claims again what it claimed before gets it again: its first try broke off.
   */
  claimDead(workerId: string): Promise<boolean>;
  /** Ends a takeover: what the worker still held is released, its row goes, the lock is free. */
  forget(workerId: string): Promise<void>;
  /** Ends the connection; every lock falls. */
  close(): Promise<void>;
}

/** What the registry stands on. */
export interface WorkerRegistryDeps {
  /** URL of the application role; the registry opens one connection of its own. */
  readonly url: string;
}

const connectTimeoutSeconds = 5;
const retryMs = 50;
const retriesMax = 1200; // a minute
const unlocksMax = 10;

/** After a loss of the connection: time for the others, who probably lost theirs too, to take their locks again. */
const graceMs = 2000;

/**
 * Opens the registry.
 *
 * @param deps - where the database is
 */
export function createWorkerRegistry(deps: WorkerRegistryDeps): WorkerRegistry {
  const registered = new Map<string, string>();
  const claimed = new Set<string>();
  let isClosing = false;
  let isHolding = false;
  let mustHold = false;
  let lostAtMs = -graceMs;
  const sql = postgres(deps.url, {
    max: 1,
    // The locks are the connection: it must never be let go by itself.
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: connectTimeoutSeconds,
    backoff: backoffSeconds,
    fetch_types: false,
    onnotice: () => undefined,
    connection: { application_name: 'conclave-worker-registry' },
    onclose: () => {
      claimed.clear();
      lostAtMs = performance.now();
      mustHold = true;
      if (!isHolding) void holdAgain();
    },
  });

  async function hold(workerId: string, taskQueue: string): Promise<boolean> {
    const [row] = await sql<{ held: boolean }[]>`
      select pg_try_advisory_lock(conclave.worker_lock_key(${workerId})) as held`;
    // Else someone took us for dead and is taking over: this ends soon.
    if (row?.held !== true) return false;
    await sql`select conclave.worker_register(${workerId}, ${taskQueue})`;
    return true;
  }

  async function holdPatiently(workerId: string, taskQueue: string): Promise<void> {
    for (let attempt = 0; registered.has(workerId) && attempt < retriesMax; attempt += 1) {
      try {
        if (await hold(workerId, taskQueue)) return;
      } catch (error) {
        if (!isTransient(error) || attempt + 1 === retriesMax) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  async function holdAgain(): Promise<void> {
    isHolding = true;
    while (mustHold && !isClosing) {
      mustHold = false;
      const holding = [...registered].map(([workerId, queue]) => holdPatiently(workerId, queue));
      // Who cannot be held again is dead to the others, which is the safe side; the next loss tries anew.
      await Promise.allSettled(holding);
    }
    isHolding = false;
  }

  async function unlock(workerId: string): Promise<void> {
    // A lock that was taken twice must be given back twice.
    for (let count = 0; count < unlocksMax; count += 1) {
      const [row] = await sql<{ was_held: boolean }[]>`
        select pg_advisory_unlock(conclave.worker_lock_key(${workerId})) as was_held`;
      if (row?.was_held !== true) return;
    }
  }

  return {
    register: async ({ workerId, taskQueue }) => {
      registered.set(workerId, taskQueue);
      await holdPatiently(workerId, taskQueue);
      return {
        close: async () => {
          if (!registered.delete(workerId)) return;
          await sql`select conclave.worker_forget(${workerId})`;
          await unlock(workerId);
        },
      };
    },

    deadWorkers: async () => {
      if (performance.now() - lostAtMs < graceMs) return [...claimed];
      const rows = await sql<{ id: string }[]>`select conclave.workers_dead() as id`;
      // A takeover that broke off holds its lock still, so it is listed from here.
      return [...new Set([...claimed, ...rows.map(({ id }) => id)])];
    },

    claimDead: async (workerId) => {
      if (claimed.has(workerId)) return true;
      // A session may take its own lock again and again: what this process holds is not free.
      if (registered.has(workerId)) return false;
      const [row] = await sql<{ held: boolean }[]>`
        select pg_try_advisory_lock(conclave.worker_lock_key(${workerId})) as held`;
      if (row?.held === true) {
        const [known] = await sql<{ known: boolean }[]>`
          select conclave.worker_is_registered(${workerId}) as known`;
        if (known?.known === true) {
          claimed.add(workerId);
          return true;
        }
        await unlock(workerId);
      }
      return false;
    },

    forget: async (workerId) => {
      await sql`select conclave.worker_forget(${workerId})`;
      if (claimed.delete(workerId)) await unlock(workerId);
    },

    close: async () => {
      isClosing = true;
      registered.clear();
      await sql.end({ timeout: connectTimeoutSeconds });
    },
  };
}
