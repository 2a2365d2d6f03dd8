import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { ForkServer } from '../../../infra/sandbox/fork-server.ts';
import type { ForkOrder, Forked } from '../../../infra/sandbox/fork-server.ts';
import { awaitGone } from '../../../infra/sandbox/kill.ts';
import { parentOf } from '../../../infra/sandbox/process-tree.ts';
import { fullyProtected } from '../../../infra/sandbox/protections.ts';
import { listenIn } from '../../../infra/sandbox/run-socket.ts';

let folder: string;
let forks: ForkServer;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-forks-'));
  forks = new ForkServer(fullyProtected);
});

afterEach(async () => {
  await forks.close();
  rmSync(folder, { recursive: true });
});

/** Says that it is there, and goes on when it is released. */
const waiting = 'echo up >&3; read -N 1 -u 4; echo on >&3';

/** A program of bash that writes to its status by descriptor 3 and is blocked by 4. */
function ordered(script: string, more: Partial<ForkOrder> = {}): ForkOrder {
  const nothing = { as: 'read', path: '/dev/null' } as const;
  const sink = { as: 'write', path: '/dev/null' } as const;
  return {
    argv: ['/bin/bash', '-c', script],
    name: 'of-a-test',
    descriptors: [nothing, sink, sink, { as: 'status' }, { as: 'block' }],
    ...{ mounts: [], for: null, also: null, become: null, outlives: false },
    ...more,
  };
}

/** All that a program tells until its end. */
async function toldBy(forked: Forked): Promise<string> {
  let told = '';
  forked.onStatus((words) => (told += words));
  await forked.ended;
  return told;
}

/** Resolves with the first words that a program tells. */
async function firstWords(forked: Forked): Promise<string> {
  return await new Promise((resolve) => {
    forked.onStatus(resolve);
  });
}

describe('a program that is started', () => {
  test('has its descriptors, its name, no environment and nothing else', async () => {
    const seen = 'cd /proc/self/fd; echo *; ps -o args= $$; echo ${HOME-none}';
    const forked = forks.start(ordered(`PATH=/bin; exec >&3; ${seen}`));
    const [descriptors, name, environment] = (await toldBy(forked)).split('\n');
    expect(descriptors).toBe('0 1 2 3 4 5'); // the last one is the listing's own
    expect(name).toMatch(/^of-a-test -c /);
    expect(environment).toBe('none');
  });

  test('is told with its process, whose parent starts programs for this process', async () => {
    const forked = forks.start(ordered('echo $$ >&3; read -r -u 4'));
    const pid = await forked.pid;
    expect(await firstWords(forked)).toBe(`${pid}\n`);
    expect(parentOf(serverOf(pid))).toBe(process.pid);
    forked.release();
    await forked.ended;
  });

  test('waits until it is released', async () => {
    const forked = forks.start(ordered('echo before >&3; read -N 1 -u 4 word; echo $word >&3'));
    expect(await firstWords(forked)).toBe('before\n');
    forked.release();
    expect(await toldBy(forked)).toBe('x\n');
  });

  test('goes on bound by limits, and so does what it starts', async () => {
    const forked = forks.start(ordered('read -N 1 -u 4; bash -c "ulimit -n; ulimit -Hn" >&3'));
    forked.release(await forked.pid, [{ name: 'nofile', soft: 20, hard: 21 }]);
    expect(await toldBy(forked)).toBe('20\n21\n');
  });

  test('does not go on where its limits cannot be put on, and says why', async () => {
    const forked = forks.start(ordered('read -N 1 -u 4; echo on >&3'));
    forked.release(await forked.pid, [{ name: 'nofile', soft: 21, hard: 20 }]);
    expect(await toldBy(forked)).toBe('');
    expect(await forked.ended).toMatch(/^its limits cannot be put on: /);
  });

  test('is killed where nobody wants it any more, and only then', async () => {
    const [unwanted, other] = [forks.start(ordered(waiting)), forks.start(ordered(waiting))];
    await Promise.all([firstWords(unwanted), firstWords(other)]);
    unwanted.drop();
    expect(await unwanted.ended).toBe('');
    unwanted.drop();
    other.release();
    expect(await toldBy(other)).toBe('on\n');
  });

  test('dies of a pipe that nobody reads, as programs do', async () => {
    const forked = forks.start(ordered('echo begun >&3; kill -PIPE $$; echo lives >&3'));
    expect(await toldBy(forked)).toBe('begun\n');
  });

  test('ignores no signal, as Python would have it', async () => {
    const forked = forks.start(ordered('PATH=/bin; grep SigIgn /proc/self/status >&3'));
    expect(await toldBy(forked)).toMatch(/^SigIgn:\s+0+\n$/);
  });

  test('has a two-way stream where it asked for one', async () => {
    const socket = await listenIn(folder);
    const { descriptors } = ordered('');
    const forked = forks.start(
      ordered('read -r -u 5 word; echo "heard $word" >&5', {
        descriptors: [...descriptors, { as: 'socket', path: socket.path }],
      }),
    );
    const stream = await socket.first;
    socket.close();
    stream.write('this\n');
    const heard: string[] = [];
    for await (const bytes of stream) heard.push(String(bytes));
    expect(heard.join('')).toBe('heard this\n');
    await forked.ended;
  });

  test.each([
    ['a program that is not there', { argv: ['/nowhere/at-all'] }, /^start: .*No such file/],
    ['a mount that cannot be made', { mounts: [missing()] }, /^stage: /],
  ])('says why, for %s', async (_, more, words) => {
    const path = join(folder, 'words');
    execFileSync('touch', [path]);
    const [nothing, sink, , ...others] = ordered('').descriptors;
    const stderr = { as: 'write', path } as const;
    const descriptors = [nothing ?? null, sink ?? null, stderr, ...others];
    await forks.start(ordered('', { ...more, descriptors })).ended;
    expect(readFileSync(path, 'utf8')).toMatch(words);
  });

  test('is not started without what its descriptors name, and others are', async () => {
    const forked = forks.start(ordered('', { descriptors: [{ as: 'read', path: '/nowhere' }] }));
    await expect(forked.pid).rejects.toThrow("No such file or directory: '/nowhere'");
    await forked.ended;
    expect(await toldBy(forks.start(ordered('echo here >&3')))).toBe('here\n');
  });

  test('is not waited for where the reader of its pipe is gone', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const forked = forks.start(ordered('', { descriptors: [{ as: 'write', path: pipe }] }));
    await expect(forked.pid).rejects.toThrow('No such device or address');
  });
});

test('a hundred at once each tell their own', async () => {
  const all = Array.from({ length: 100 }, (_, index) => forks.start(ordered(`echo ${index} >&3`)));
  const told = await Promise.all(all.map(toldBy));
  expect(told).toEqual(all.map((__, index) => `${index}\n`));
});

test('programs end with the process that starts them, and the next one gets another', async () => {
  const first = forks.start(ordered('echo up >&3; read -r -u 4'));
  await firstWords(first);
  const pid = await first.pid;
  process.kill(serverOf(pid), 'SIGKILL');
  expect(await first.ended).toBe('the process that starts programs has died');
  expect(await toldBy(forks.start(ordered('echo again >&3')))).toBe('again\n');
  await awaitGone(pid, undefined);
});

test('closing leaves no process', async () => {
  const forked = forks.start(ordered('echo up >&3; read -r -u 4'));
  const server = serverOf(await forked.pid);
  forked.release();
  await forked.ended;
  await forks.close();
  expect(parentOf(server)).toBeNull();
});

/** The process that started a program. */
function serverOf(pid: number): number {
  const server = parentOf(pid);
  if (server === null || parentOf(server) !== process.pid) {
    throw new Error(`parent of ${pid}: got ${server}, expected a child of this process`);
  }
  return server;
}

function missing(): ForkOrder['mounts'][number] {
  return { descriptor: 4, target: '/nowhere', owner: null, overlay: null };
}
