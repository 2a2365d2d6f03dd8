import { spawn } from 'node:child_process';

import { engineCommand } from '../../../infra/sandbox/javascript/engine-process.ts';
import type {
  EnginePlace,
  EngineProcess,
} from '../../../infra/sandbox/javascript/engine-process.ts';

/** An engine in a process that nothing locks in: for tests of the engine itself. */
export interface BareEngine extends EngineProcess {
  readonly pid: number;
}

/** Starts it with an environment that holds a canary, which no snippet may find. */
export function bareEngine(slots: number, place?: EnginePlace): BareEngine {
  const [executable = '', ...args] = engineCommand(slots, place);
  const child = spawn(executable, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { CANARY: 'canary-in-the-environment' },
  });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => {
      resolve(error.message);
    });
    child.on('close', (code, signal) => {
      resolve(signal ?? `exit code ${String(code)}`);
    });
  });
  return {
    pid: child.pid ?? 0,
    input: child.stdin,
    output: child.stdout,
    ended,
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}
