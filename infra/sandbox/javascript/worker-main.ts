import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';

import { runSnippet } from './snippet.ts';
import type { CompiledEngine, Snippet } from './snippet.ts';
import { stripTypes } from './type-stripping.ts';

const port = parentPort;
if (port === null) throw new Error('this program runs in a worker thread');
const engine = workerData as CompiledEngine;

// On Linux this is the thread's own: the engine's main thread, which watches the time, comes first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
// The stripper is loaded at its first use, which takes longer than most snippets.
stripTypes('let warm: number');

port.on('message', (snippet: Snippet) => {
  void runSnippet(engine, snippet).then((end) => {
    port.postMessage(end);
  });
});
port.postMessage('ready');
