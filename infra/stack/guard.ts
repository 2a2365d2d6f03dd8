import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

// The shell reads the latest list of children until its input ends, which it does at the latest when
// the supervisor is gone, however it went; whoever is on the last list is then asked, and after five
// seconds made, to end. It is a shell because it must outlive this process and cost next to nothing.
const SCRIPT = `
while IFS= read -r line; do last=$line; done
[ -n "$last" ] || exit 0
for entry in $last; do kill -"\${entry%%:*}" "\${entry##*:}" 2>/dev/null; done
sleep 5
for entry in $last; do kill -KILL "\${entry##*:}" 2>/dev/null; done
exit 0`;

/** A child to be ended when this process dies without having done so itself. */
export interface GuardedChild {
  readonly pid: number;
  readonly signal: NodeJS.Signals;
}

/** Ends the children of a supervisor that was killed. */
export interface Guard {
  /** Replaces the list of those who must not outlive this process. */
  watch(children: readonly GuardedChild[]): void;
  /** Ends the guard; whoever was watched is left alone. */
  close(): void;
}

/** Starts a guard; on Windows, where there is no shell for it, it does nothing. */
export function startGuard(): Guard {
  if (process.platform === 'win32') return { watch: () => undefined, close: () => undefined };
  const shell: ChildProcess = spawn('/bin/sh', ['-c', SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // a Ctrl-C in the terminal is not for the guard
  });
  shell.unref();
  shell.on('error', () => undefined); // without a shell there is no net, but the stack works
  shell.stdin?.on('error', () => undefined);
  return {
    watch: (children) => {
      const entries = children.map(
        ({ pid, signal }) => `${signal.replace('SIG', '')}:${String(pid)}`,
      );
      shell.stdin?.write(`${entries.join(' ')}\n`);
    },
    close: () => {
      shell.stdin?.end('\n');
    },
  };
}
