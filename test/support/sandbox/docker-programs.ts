import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const cache = join(import.meta.dirname, '../../../.cache/docker');
const packages = ['docker.io', 'containerd', 'runc', 'tini'];
const BRING_MS_MAX = 300_000;
const needed = ['bin/docker', 'sbin/dockerd', 'bin/containerd', 'sbin/runc'];

/**
 * Brings the programs of a Docker engine where it may, which is as root on Debian and its kin, x86-64: the packages are laid
 * into the project's cache, nothing is installed.
 *
 * @returns the folder with `bin` and `sbin`, or why there is none
 */
export function bringDocker(): { readonly folder: string } | { readonly reason: string } {
  const folder = join(cache, 'usr');
  if (process.getuid?.() !== 0) return { reason: 'an engine is started by root alone' };
  if (process.arch !== 'x64') return { reason: `the backend is not for ${process.arch}` };
  if (isComplete(folder)) return { folder };
  if (!existsSync('/usr/bin/apt-get')) return { reason: 'there is no apt-get to bring it by' };
  try {
    download();
  } catch (error) {
    return { reason: `apt-get download ${packages.join(' ')}: ${String(error)}` };
  }
  return isComplete(folder) ? { folder } : { reason: `${cache}: programs are not there` };
}

function isComplete(folder: string): boolean {
  return needed.every((path) => existsSync(join(folder, path)));
}

function download(): void {
  mkdirSync(join(cache, '..'), { recursive: true });
  const folder = mkdtempSync(`${cache}-`);
  try {
    const options = { cwd: folder, stdio: 'pipe', timeout: BRING_MS_MAX } as const;
    execFileSync('apt-get', ['update'], options);
    execFileSync('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', ...packages], options);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg', ['--extract', file, folder], options);
      rmSync(join(folder, file));
    }
    rmSync(cache, { recursive: true, force: true });
    renameSync(folder, cache);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
