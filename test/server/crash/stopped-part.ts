import type { CrashLab } from './crash-lab.ts';

/**
 * Does something while a part stands still, and lets it go on whatever comes of that; unless it was killed meanwhile.
 *
 * @throws Error when no process of that part is alive
 */
export async function whileStopped<T>(
  { stack }: CrashLab,
  part: string,
  work: () => T | Promise<T>,
): Promise<T> {
  const pid = stack.pidOf(part);
  // A signal to process 0 goes to all processes of the tests themselves.
  if (pid === undefined) throw new Error(`${part} is not alive`);
  process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    if (stack.pidOf(part) === pid) process.kill(pid, 'SIGCONT');
  }
}
