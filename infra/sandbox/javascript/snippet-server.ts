import { constants, setPriority } from 'node:os';
import type { MessagePort } from 'node:worker_threads';

import { createGuest } from './guest.ts';
import type { CompiledEngine, Guest } from './guest.ts';
import { createRecord } from './run-record.ts';
import { runSnippet } from './snippet.ts';
import type { Snippet } from './snippet.ts';

/**
 * Serves one thread of the engine: says `ready`, answers a {@link Snippet} with its end, and says `ready` again once the next guest
 * is made.
 *
 * @param port - to the engine's main thread, which sends a snippet after each `ready`
 * @param engine - the compiled engine
 */
export async function serveSnippets(port: MessagePort, engine: CompiledEngine): Promise<void> {
  // On Linux this is the thread's own: the engine's main thread, which watches the time, comes first.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  let spare: Guest | undefined;
  const answer = async (snippet: Snippet): Promise<boolean> => {
    const { memoryBytes } = snippet.limits;
    const guest =
      spare?.memoryBytes === memoryBytes ? spare : await createGuest(engine, memoryBytes);
    spare = undefined;
    const end = await runSnippet(guest, snippet);
    port.postMessage(end);
    return !end.isSpoiled;
  };
  const prepare = async ({ limits }: Snippet): Promise<void> => {
    // Whoever comes next most likely asks for as much memory as the last.
    spare = await createGuest(engine, limits.memoryBytes);
    port.postMessage('ready');
  };
  const serve = async (snippet: Snippet): Promise<void> => {
    const goesOn = await answer(snippet);
    if (goesOn) await prepare(snippet);
  };
  const first = warmUp();
  await runSnippet(await createGuest(engine, first.limits.memoryBytes), first);
  port.on('message', (snippet: Snippet) => {
    void serve(snippet);
  });
  await prepare(first);
}

/** What snippets may use that ask for nothing else: as it says in `domain/sandbox/limits.ts`, which brings more than an engine needs. */
export const usualMemoryBytes = 256 * 1024 * 1024;

/** Loads at its first use what loads then, which takes longer than most snippets: the stripper, and the engine's code. */
function warmUp(): Snippet {
  const outputBytes = 1000;
  return {
    code: 'const warm: number = await 1; console.log(warm); warm',
    input: '',
    seed: '',
    limits: {
      timeMs: 1000,
      memoryBytes: usualMemoryBytes,
      outputBytes,
      valueBytes: 1000,
      fuel: 10,
    },
    record: createRecord(outputBytes),
  };
}
