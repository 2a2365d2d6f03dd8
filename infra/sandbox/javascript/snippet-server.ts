import { constants, setPriority } from 'node:os';
import type { MessagePort } from 'node:worker_threads';

import { createRecord } from './run-record.ts';
import { runSnippet } from './snippet.ts';
import type { CompiledEngine, Snippet } from './snippet.ts';

/**
 * Serves one thread of the engine: says `ready`, then answers each {@link Snippet} with its end.
 *
 * @param port - to the engine's main thread, which sends one snippet at a time
 * @param engine - the compiled engine
 */
export async function serveSnippets(port: MessagePort, engine: CompiledEngine): Promise<void> {
  // On Linux this is the thread's own: the engine's main thread, which watches the time, comes first.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  await runSnippet(engine, warmUp());
  port.on('message', (snippet: Snippet) => {
    void runSnippet(engine, snippet).then((end) => {
      port.postMessage(end);
    });
  });
  port.postMessage('ready');
}

const mib = 1024 * 1024;

/** Loads at its first use what loads then, which takes longer than most snippets: the stripper, and the engine's code. */
function warmUp(): Snippet {
  const outputBytes = 1000;
  return {
    code: 'const warm: number = await 1; console.log(warm); warm',
    input: '',
    seed: '',
    limits: { timeMs: 1000, memoryBytes: 8 * mib, outputBytes, valueBytes: 1000, fuel: 10 },
    record: createRecord(outputBytes),
  };
}
