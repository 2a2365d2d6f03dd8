import { isTransient } from './transient-error.ts';

/** Waits between tries: long enough for a pooled connection that died and for a quick restart of the server. */
const retryDelaysMs = [10, 50, 100, 200, 400, 800];

/**
 * Does repeatable work again when the connection failed under it, for about a second and a half.
 *
 * @param work - something that may be done twice: a failure does not say whether it took effect
 * @throws the last failure, or at once any that another try would not mend
 */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (const delayMs of retryDelaysMs) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
  return work();
}
