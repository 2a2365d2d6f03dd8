import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import type { KnownFormat } from '../../domain/commands/output-format.ts';

/** A real program, and where it is asked. */
export interface RealProgram {
  readonly kind: KnownFormat;
  readonly packageName: string;
  /** The version whose output was seen. */
  readonly version: string;
  /** Of what is started, below the folder of packages. */
  readonly file: string;
  /** Where the simulated panel speaks what it speaks. */
  readonly root: string;
}

/** The programs whose output is known. */
export const realPrograms: readonly RealProgram[] = [
  {
    kind: 'claude',
    packageName: '@anthropic-ai/claude-code',
    version: '2.1.197',
    file: '@anthropic-ai/claude-code/bin/claude.exe',
    root: '/anthropic',
  },
  {
    kind: 'gemini',
    packageName: '@google/gemini-cli',
    version: '0.61.0',
    file: '@google/gemini-cli/bundle/gemini.js',
    root: '/google',
  },
  {
    kind: 'codex',
    packageName: '@openai/codex',
    version: '0.169.0',
    file: '@openai/codex/bin/codex.js',
    root: '/openai',
  },
  {
    kind: 'opencode',
    packageName: 'opencode-ai',
    version: '1.18.33',
    file: 'opencode-ai/bin/opencode.exe',
    root: '/openai',
  },
];

/** Kept between runs; it is 0.9 GB. */
const folder = resolve('.cache/agents');
const installMsMax = 1_200_000;
const run = promisify(execFile);

/**
 * Installs the programs from npm, unless those versions are there already.
 *
 * @param isNewest - takes the newest ones instead of those whose output was seen
 * @returns the folder that holds them, without links in its path
 * @throws Error with npm's words
 */
export async function installPrograms(isNewest: boolean): Promise<string> {
  if (!isNewest && realPrograms.every(isInstalled)) return realpathSync(folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const wanted = realPrograms.map(
    ({ packageName, version }) => `${packageName}@${isNewest ? 'latest' : version}`,
  );
  const options = ['--no-fund', '--no-audit', '--loglevel=error', '--save-exact'];
  // Two of them fetch their program when they are installed.
  await run('npm', ['install', ...options, ...wanted], {
    cwd: folder,
    timeout: installMsMax,
    shell: process.platform === 'win32',
  });
  return realpathSync(folder);
}

function isInstalled({ packageName, version }: RealProgram): boolean {
  const manifest = join(folder, 'node_modules', packageName, 'package.json');
  if (!existsSync(manifest)) return false;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version === version;
}
