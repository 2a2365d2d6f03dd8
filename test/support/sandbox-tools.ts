import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const needed = [
  { path: '/usr/bin/bwrap', of: 'bubblewrap' },
  { path: '/usr/bin/python3', of: 'python3' },
  { path: '/usr/bin/git', of: 'git' },
  { path: '/usr/bin/setpriv', of: 'util-linux' },
] as const;
const INSTALL_MS_MAX = 300_000;

/**
 * Brings what the sandbox's tests need where they may, which is as root on Debian and its kin.
 *
 * @throws Error naming the command that brings it, where they may not
 */
export function ensureSandboxTools(): void {
  const absent = needed.filter(({ path }) => !existsSync(path)).map((tool) => tool.of);
  if (absent.length === 0) return;
  const command = `apt-get install -y ${absent.join(' ')}`;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const options = { stdio: 'pipe', timeout: INSTALL_MS_MAX } as const;
    execFileSync('apt-get', ['update'], options);
    execFileSync('apt-get', ['install', '-y', ...absent], options);
  }
  const still = needed.filter(({ path }) => !existsSync(path)).map(({ path }) => path);
  if (still.length === 0) return;
  throw new Error(`the sandbox's tests need ${still.join(', ')}; as root: ${command}`);
}

/**
 * Brings one tool that tests can do without, where they may.
 *
 * @param tool - which one
 * @param tool.path - where it is
 * @param tool.of - the package that has it
 * @returns whether it is there now
 */
export function bringTool({ path, of }: { readonly path: string; readonly of: string }): boolean {
  if (existsSync(path)) return true;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  const options = { stdio: 'pipe', timeout: INSTALL_MS_MAX } as const;
  try {
    execFileSync('apt-get', ['update'], options);
    execFileSync('apt-get', ['install', '-y', of], options);
  } catch {
    return false; // no such package there, or no way to it
  }
  return existsSync(path);
}
