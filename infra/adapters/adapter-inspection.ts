import { Worker } from 'node:worker_threads';

import type { LoadedAdapter } from './adapter-loading.ts';

/** An adapter that can be loaded. */
export type InspectedAdapter = Omit<LoadedAdapter, 'adapter'>;

/** What a look at adapters came to. */
export type InspectedAdapters =
  | { readonly ok: true; readonly adapters: readonly InspectedAdapter[] }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Longest that a look may take in all, milliseconds. */
const inspectionTimeoutMs = 35_000;

/**
 * Looks whether workers could load these adapters. They are loaded in a thread of their own, which is ended afterwards:
 * what a module keeps running does not keep this process, and one that blocks does not block it.
 */
export async function inspectAdapters(modules: readonly string[]): Promise<InspectedAdapters> {
  if (modules.length === 0) return { ok: true, adapters: [] };
  const thread = new Worker(new URL('adapter-thread.ts', import.meta.url), {
    workerData: modules,
    stdout: true,
    stderr: true,
  });
  const failed = (why: string): InspectedAdapters => ({
    ok: false,
    faults: [`${modules.join(', ')}: got ${why}, expected modules that load`],
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<InspectedAdapters>((resolve) => {
      timer = setTimeout(() => {
        resolve(failed(`nothing within ${inspectionTimeoutMs / 1000} s`));
      }, inspectionTimeoutMs);
      thread.once('message', resolve);
      thread.once('error', (error) => {
        resolve(failed(String(error)));
      });
      thread.once('exit', (code) => {
        resolve(failed(`an end with code ${code}`));
      });
    });
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
