import { isTransient } from '../database/transient-error.ts';
import { createWorkerLocks, type AnnouncedWorker } from './worker-locks.ts';

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
  register(worker: AnnouncedWorker): Promise<Registration>;
  /**
   * Lists workers that are registered but whose lock is free, and those that this process claimed and did not forget yet.
   * None before two seconds after a lost connection is back: when the server was away, everyone's lock fell.
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
  /** Time for the others, who probably lost their connections too, to take their locks again; 2000 unless set. */
  readonly graceMs?: number;
}

const graceDefaultMs = 2000;

/**
 * Opens the registry.
 *
 * @param deps - where the database is
 */
export function createWorkerRegistry(deps: WorkerRegistryDeps): WorkerRegistry {
  const { graceMs = graceDefaultMs } = deps;
  const claimed = new Set<string>();
  const locks = createWorkerLocks(deps.url, () => {
    claimed.clear();
  });
  const { sql } = locks;

  return {
    register: async (worker) => {
      const { workerId } = worker;
      await locks.keep(worker);
      return {
        close: async () => {
          if (!locks.letGo(workerId)) return;
          await sql`select conclave.worker_forget(${workerId})`;
          await locks.unlock(workerId);
        },
      };
    },

    deadWorkers: async () => {
      if (locks.steadyForMs() < graceMs) return [...claimed];
      const rows = await sql<{ id: string }[]>`select conclave.workers_dead() as id`.catch(
        nobodyWhenLost,
      );
      // A takeover that broke off holds its lock still, so it is listed from here.
      return [...new Set([...claimed, ...rows.map(({ id }) => id)])];
    },

    claimDead: async (workerId) => {
      if (claimed.has(workerId)) return true;
      // A session may take its own lock again and again: what this process holds is not free.
      if (locks.keeps(workerId) || !(await locks.tryLock(workerId))) return false;
      const [row] = await sql<{ known: boolean }[]>`
        select conclave.worker_is_registered(${workerId}) as known`;
      if (row?.known === true) {
        claimed.add(workerId);
        return true;
      }
      await locks.unlock(workerId);
      return false;
    },

    forget: async (workerId) => {
      await sql`select conclave.worker_forget(${workerId})`;
      if (claimed.delete(workerId)) await locks.unlock(workerId);
    },

    close: () => locks.close(),
  };
}

/** A connection that breaks under the question has just been lost: nobody is taken for dead then. */
function nobodyWhenLost(error: unknown): { id: string }[] {
  if (isTransient(error)) return [];
  throw error;
}
