import { readConfig, readEnvironment } from '../config.ts';
import { partLine, readyText } from './announcement.ts';
import { USUAL_PATIENCE } from './restart-policy.ts';
import { PART_NAMES } from './run-files.ts';
import { runStack } from './stack.ts';
import { StackFault } from './stack-fault.ts';

/** Runs the whole stack in the foreground until it is told to end; answers the exit code. */
async function main(): Promise<number> {
  const startedAt = Date.now();
  const config = readConfig();
  const ending = new AbortController();
  // Sent to the group by a terminal and forwarded by npm: the second of a pair means nothing more.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      ending.abort();
    });
  }
  const print = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  try {
    print(`Conclave starts; data in ${config.dataFolder}`);
    const stack = await runStack({
      config,
      env: readEnvironment(),
      parts: PART_NAMES,
      workers: 1,
      patience: USUAL_PATIENCE,
      signal: ending.signal,
      observer: {
        partReady: (part) => {
          print(partLine(part));
        },
        note: (line) => {
          print(`  ${new Date().toISOString().slice(11, 19)} ${line}`);
        },
      },
    });
    print(readyText(stack, Date.now() - startedAt));
    const told = new Promise<void>((resolve) => {
      if (ending.signal.aborted) resolve();
      ending.signal.addEventListener('abort', () => {
        resolve();
      });
    });
    try {
      await Promise.race([told, stack.failure]);
    } finally {
      print('Conclave stops …');
      await stack.stop();
    }
    print('Conclave has stopped.');
    return 0;
  } catch (error) {
    if (ending.signal.aborted) {
      print('Conclave has stopped before it was ready.');
      return 0;
    }
    if (!(error instanceof StackFault)) throw error;
    process.stderr.write(`conclave: ${error.message}\n`);
    return 1;
  }
}

process.exit(await main());
