/**
 * Waits for something that tells when it happens.
 *
 * @throws Error naming what did not come in time
 */
export async function within<T>(
  ms: number,
  what: string | (() => string),
  begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return await new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      const named = typeof what === 'string' ? what : what();
      reject(new Error(`waited ${String(ms)} ms for ${named}`));
    }, ms);
    begin(
      (value) => {
        clearTimeout(deadline);
        resolve(value);
      },
      (error) => {
        clearTimeout(deadline);
        reject(error);
      },
    );
  });
}
