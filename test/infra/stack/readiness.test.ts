import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { afterEach, describe, expect, test } from '@jest/globals';

import { awaitReadiness } from '../../../infra/stack/readiness.ts';

const LATE_MS = 5_000;
const SOON_MS = 50;

let child: ChildProcess | undefined;

afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  child = undefined;
});

function shell(script: string): ChildProcess {
  child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'pipe'] });
  return child;
}

describe('awaiting readiness', () => {
  test('hears a line that comes in two pieces', async () => {
    const part = shell('printf "server is re"; read next; echo "ady"; read next');
    const answer = awaitReadiness(part, { output: /server is ready/ }, LATE_MS);
    if (part.stdout === null) throw new Error('a shell without output');
    await once(part.stdout, 'data');

    part.stdin?.write('\n');

    expect(await answer).toEqual({ kind: 'ready' });
  });

  test('is over when the process has gone', async () => {
    const part = shell('exit 3');

    expect(await awaitReadiness(part, { output: /never/ }, LATE_MS)).toEqual({ kind: 'gone' });
  });

  test('is over when the time is', async () => {
    const part = shell('read next');

    expect(await awaitReadiness(part, { output: /never/ }, SOON_MS)).toEqual({ kind: 'late' });
  });

  test('takes the first probe that says yes', async () => {
    const answers = [false, false, true];
    const part = shell('read next');
    const probe = (): Promise<boolean> => Promise.resolve(answers.shift() ?? false);

    expect(await awaitReadiness(part, { probe }, LATE_MS)).toEqual({ kind: 'ready' });
    expect(answers).toEqual([]);
  });
});
