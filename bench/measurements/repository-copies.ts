import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Grant, Sandbox } from '../../domain/sandbox/run.ts';
import { setUpHost } from '../../infra/sandbox/host.ts';
import { bwrapSandbox, createSandbox } from '../../infra/sandbox/sandbox.ts';
import { copyFolder } from '../../infra/sandbox/work-copy.ts';
import { figure, median } from '../figures.ts';
import type { Figure, Finding } from '../figures.ts';
import { command, succeed, timed } from './sandbox-commands.ts';

const SIZES = [1000, 20_000];
const RUNS = 3;
const FILES_PER_FOLDER = 100;
const FILE_BYTES = 2048;
const OTHER_UIDS = 300_000;
const RUN_MS_MAX = 600_000;
const git = { PATH: '/usr/bin:/bin', GIT_CONFIG_NOSYSTEM: '1', HOME: '/nonexistent' };

/**
 * Measures runs over a copy of a repository, from the request to the diff of one changed file: laid over by an overlay,
 * and copied whole (with shared blocks where the file system can).
 */
export async function measureRepositoryCopies(): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-bench-'));
  chmodSync(folder, 0o755);
  const places = ['over', 'whole'].map((name) => join(folder, name));
  const [over = '', whole = ''] = places;
  for (const place of places) mkdirSync(place, { mode: 0o711 });
  const laid = await createSandbox({ backend: 'bwrap', folder: over });
  const host = setUpHost({ folder: whole, firstUid: OTHER_UIDS }, laid.backend);
  const copied = bwrapSandbox(host);
  try {
    const figures: Figure[] = [];
    for (const files of SIZES) {
      const repository = makeRepository(join(folder, `of-${files}`), files);
      const name = `${files.toLocaleString('en')} files`;
      if (laid.backend.proven.includes('overlay')) {
        figures.push(figure(`a run over ${name}, by overlay`, await runs(laid, repository), 'ms'));
      }
      figures.push(figure(`a run over ${name}, copied`, await runs(copied, repository), 'ms'));
      figures.push(figure(`of that the copying`, await copies(repository, folder), 'ms'));
    }
    const shares = sharesBlocks(folder) ? 'shares blocks' : 'shares no blocks';
    return {
      measurement: `runs over a copy of a repository, p50 of ${RUNS}`,
      figures,
      notes: [`the file system ${shares}; proven: ${laid.backend.proven.join(', ')}`],
    };
  } finally {
    await laid.close();
    await copied.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeRepository(path: string, files: number): string {
  mkdirSync(path);
  for (let file = 0; file < files; file += 1) {
    const folder = join(path, `folder-${Math.floor(file / FILES_PER_FOLDER)}`);
    if (file % FILES_PER_FOLDER === 0) mkdirSync(folder);
    const line = `line of file ${file}\n`;
    writeFileSync(join(folder, `file-${file}`), line.repeat(Math.ceil(FILE_BYTES / line.length)));
  }
  const run = (...args: string[]): void => {
    execFileSync('git', ['-C', path, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      env: git,
      stdio: 'pipe',
    });
  };
  run('init', '-q');
  run('add', '.');
  run('commit', '-qm', 'first');
  run('repack', '-adq'); // as repositories are that somebody cloned
  return path;
}

async function runs(sandbox: Sandbox, repository: string): Promise<number> {
  const grants: Grant[] = [{ host: repository, path: '/work', mode: 'copy' }];
  const limits = { timeMs: RUN_MS_MAX, diskBytes: 1024 ** 3 };
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const changing = command('echo changed >> folder-0/file-0', grants, limits);
    times.push(await timed(async () => await succeed(sandbox, changing)));
  }
  return median(times);
}

async function copies(repository: string, folder: string): Promise<number> {
  const uid = process.getuid?.() === 0 ? OTHER_UIDS : null; // as a run's copy is
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const to = join(folder, 'copy');
    times.push(
      await timed(async () => {
        await copyFolder({ from: repository, to, left: [], uid }, { slot: 'measured' });
      }),
    );
    rmSync(to, { recursive: true });
  }
  return median(times);
}

function sharesBlocks(folder: string): boolean {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  writeFileSync(one, 'x');
  try {
    execFileSync('cp', ['--reflink=always', one, other], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}
