import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import type { SystemPath } from './bwrap-arguments.ts';

const programFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
// Below /etc, what programs need and what tells nothing of the host: which editor `awk` is, who signs for whom.
const openSettings = ['/etc/alternatives', '/etc/ssl/certs'];

/** The host's folders with programs and libraries, as they are: folders, or links into `/usr`. */
export function systemPaths(): SystemPath[] {
  const found = programFolders.flatMap((path): SystemPath[] => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return [];
    return [{ path, link: stats.isSymbolicLink() ? readlinkSync(path) : null }];
  });
  return found;
}

/** Which of the host's settings are shown as they are, below the synthetic `/etc`. */
export function settingsPaths(): SystemPath[] {
  return openSettings.filter((path) => existsSync(path)).map((path) => ({ path, link: null }));
}

/**
 * Writes the `/etc` of every sandbox: one user and no other, this machine's loopback and no other. Without it programs
 * fail that ask who they are.
 */
export function writeSettings(folder: string): void {
  for (const path of ['', 'ssl', 'ssl/certs', 'alternatives']) {
    mkdirSync(join(folder, path), { recursive: true });
    chmodSync(join(folder, path), 0o755); // whatever the engine's mask takes away
  }
  const files = {
    passwd: 'root:x:0:0:root:/:/bin/false\nsandbox:x:1000:1000:sandbox:/tmp:/bin/bash\n',
    group: 'root:x:0:\nsandbox:x:1000:\n',
    hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    'resolv.conf': '',
    // A repository of the host is another user's as seen from inside.
    gitconfig: '[safe]\n\tdirectory = *\n',
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o644);
  }
  // Where libraries lie: without it those outside of the usual folders are not found.
  if (existsSync('/etc/ld.so.cache')) copyFileSync('/etc/ld.so.cache', join(folder, 'ld.so.cache'));
}
