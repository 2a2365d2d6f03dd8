import postgres from 'postgres';

import type { AdapterDescription } from '../../domain/providers/adapter.ts';
import { backoffSeconds } from '../database/connection.ts';
import { isTransient } from '../database/transient-error.ts';

/** A worker as it announces itself. */
export interface AnnouncedWorker {
  readonly workerId: string;
  readonly taskQueue: string;
  /** Adapters that it has loaded; none where absent. */
  readonly adapters?: readonly AdapterDescription[];
}

/** Session-level locks, one per worker, on one connection that is made anew when it is lost. */
export interface WorkerLocks {
  /** The connection that holds the locks. */
  readonly sql: postgres.Sql;
  /** Takes the lock of a worker and its row, now and after every loss of the connection; resolves once both are there. */
  keep(worker: AnnouncedWorker): Promise<void>;
  /** Says whether this process keeps the lock of a worker. */
  keeps(workerId: string): boolean;
  /** Stops keeping; false when it was not kept. The lock itself is still held. */
  letGo(workerId: string): boolean;
  /** Takes a lock when it is free. A session may take its own lock again. */
  tryLock(workerId: string): Promise<boolean>;
  /** Gives a lock back, however often it was taken. */
  unlock(workerId: string): Promise<void>;
  /** For how long the connection has been back and its locks taken again; 0 before that, infinite when it was never lost. */
  steadyForMs(): number;
  /** Ends the connection; every lock falls. */
  close(): Promise<void>;
}

const connectTimeoutSeconds = 5;
const retryMs = 50;
const retriesMax = 1200; // a minute
const unlocksMax = 10;

/**
 * Opens the connection that holds this process's locks.
 *
 * @param url - of the application role
 * @param onLost - called at every loss: no lock is held any more
 */
export function createWorkerLocks(url: string, onLost: () => void): WorkerLocks {
  const kept = new Map<string, AnnouncedWorker>();
  let [isClosing, isKeeping, mustKeep] = [false, false, false];
  let steadySinceMs = -Infinity;
  const sql = connect(url, () => {
    mustKeep = true;
    onLost();
    if (!isKeeping) void keepAll();
  });

  async function keepAll(): Promise<void> {
    isKeeping = true;
    while (mustKeep && !isClosing) {
      mustKeep = false;
      await untilAnswered();
      const keeping = [...kept.values()].map((worker) => keepPatiently(worker));
      // Who cannot be kept is dead to the others, which is the safe side; the next loss tries anew.
      await Promise.allSettled(keeping);
    }
    steadySinceMs = performance.now();
    isKeeping = false;
  }

  async function untilAnswered(): Promise<void> {
    while (!isClosing) {
      const isThere = await sql`select`.then(
        () => true,
        () => false,
      );
      if (isThere) return;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  async function keepPatiently(worker: AnnouncedWorker): Promise<void> {
    const { workerId } = worker;
    for (let attempt = 1; kept.has(workerId); attempt += 1) {
      try {
        if (await tryLock(sql, workerId)) {
          await announce(sql, worker);
          return;
        }
        // Else someone took us for dead and is taking over: this ends soon.
      } catch (error) {
        if (!isTransient(error) || attempt >= retriesMax) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  return {
    sql,
    keep: (worker) => {
      kept.set(worker.workerId, worker);
      return keepPatiently(worker);
    },
    keeps: (workerId) => kept.has(workerId),
    letGo: (workerId) => kept.delete(workerId),
    tryLock: (workerId) => tryLock(sql, workerId),
    unlock: (workerId) => unlock(sql, workerId),
    steadyForMs: () => (isKeeping ? 0 : performance.now() - steadySinceMs),
    close: async () => {
      isClosing = true;
      kept.clear();
      await sql.end({ timeout: connectTimeoutSeconds });
    },
  };
}

function connect(url: string, onclose: () => void): postgres.Sql {
  return postgres(url, {
    max: 1,
    // The locks are the connection: it must never be let go by itself.
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: connectTimeoutSeconds,
    backoff: backoffSeconds,
    fetch_types: false,
    onnotice: () => undefined,
    connection: { application_name: 'conclave-worker-registry' },
    onclose,
  });
}

async function announce(
  sql: postgres.Sql,
  { workerId, taskQueue, adapters = [] }: AnnouncedWorker,
): Promise<void> {
  await sql`select conclave.worker_register(${workerId}, ${taskQueue})`;
  if (adapters.length === 0) return;
  await sql`select conclave.worker_loaded(${workerId}, ${JSON.stringify(adapters)}::text::jsonb)`;
}

async function tryLock(sql: postgres.Sql, workerId: string): Promise<boolean> {
  const [row] = await sql<{ held: boolean }[]>`
    select pg_try_advisory_lock(conclave.worker_lock_key(${workerId})) as held`;
  return row?.held === true;
}

async function unlock(sql: postgres.Sql, workerId: string): Promise<void> {
  for (let count = 0; count < unlocksMax; count += 1) {
    const [row] = await sql<{ was_held: boolean }[]>`
      select pg_advisory_unlock(conclave.worker_lock_key(${workerId})) as was_held`;
    if (row?.was_held !== true) return;
  }
}
