/** The thread in which adapters are looked at, see adapter-inspection.ts. */
import { parentPort, workerData } from 'node:worker_threads';

import { loadAdapters } from './adapter-loading.ts';

const loaded = await loadAdapters(workerData as readonly string[]);
parentPort?.postMessage(
  loaded.ok
    ? {
        ok: true,
        adapters: loaded.adapters.map(({ module, description }) => ({ module, description })),
      }
    : loaded,
);
