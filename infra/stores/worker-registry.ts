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
  /** Lists workers that are registered but whose lock is free. */
  deadWorkers(): Promise<string[]>;
  /** Takes a dead worker's lock, so that exactly one survivor does the takeover; false when another has it, or had it. */
  claimDead(workerId: string): Promise<boolean>;
  /** Ends a takeover: what the worker still held is released, its row goes, the lock is free. */
  forget(workerId: string): Promise<void>;
  /** Ends the connection; every lock falls. */
  close(): Promise<void>;
}
