import threads from 'node:worker_threads';

const THREAD_FILE = 'workflow-worker-thread';
const PRELOAD = new URL('without-call-stacks.ts', import.meta.url).href;

/**
 * Lets workflow threads that start from now on run without a hook on each promise. Temporal's SDK sets it to know where
 * a workflow waits, for the call stack in Temporal's UI; it has no setting for it. Without it a debate takes a fifth less of a
 * worker's processor time (docs/decisions/0013).
 */
export function omitCallStacks(): void {
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(file: string | URL, options?: threads.WorkerOptions) {
      const isWorkflowThread = String(file).includes(THREAD_FILE);
      const execArgv = [...(options?.execArgv ?? process.execArgv), '--import', PRELOAD];
      super(file, isWorkflowThread ? { ...options, execArgv } : options);
    }
  };
}
