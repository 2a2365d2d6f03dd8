import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const programs = [
  ...['bash', 'sh', 'cat', 'chmod', 'env', 'false', 'git', 'grep', 'head', 'id', 'ln', 'ls'],
  ...[
    'mkdir',
    'mkfifo',
    'readlink',
    'rm',
    'sleep',
    'touch',
    'tr',
    'true',
    'uname',
    'unshare',
    'yes',
  ],
];
const mountPoints = ['artifacts', 'dev', 'etc', 'proc', 'sys', 'tmp', 'work'];
const links = ['bin', 'sbin', 'lib', 'lib64'];
const unneeded = /\/(__pycache__|test|tests|idlelib|lib2to3|ensurepip|pydoc_data|config-[^/]*)$/;

/**
 * Lays the tree of an image: the few programs of this machine that probes call, with their libraries.
 *
 * @param root - a folder of the caller's, not there yet
 */
export function layImage(root: string): void {
  for (const path of [...mountPoints, 'usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64']) {
    mkdirSync(join(root, path), { recursive: true });
  }
  for (const name of links) symlinkSync(linkOf(name), join(root, name));
  for (const name of programs) copyFileSync(`/usr/bin/${name}`, join(root, 'usr/bin', name));
  const modules = layPython(root);
  const paths = [...programs.map((name) => `/usr/bin/${name}`), '/usr/bin/python3', ...modules];
  for (const library of librariesOf(paths)) {
    const folder = join(root, realpathSync(dirname(library)));
    mkdirSync(folder, { recursive: true });
    copyFileSync(library, join(folder, basename(library)));
  }
}

function linkOf(name: string): string {
  const isLink = lstatSync(`/${name}`, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? readlinkSync(`/${name}`) : `usr/${name}`;
}

/** Python and its own modules; returns those that need libraries. */
function layPython(root: string): string[] {
  copyFileSync('/usr/bin/python3', join(root, 'usr/bin/python3'));
  const folder = join('/usr/lib', basename(realpathSync('/usr/bin/python3')));
  cpSync(folder, join(root, folder), {
    recursive: true,
    dereference: true,
    filter: (path) => existsSync(path) && !unneeded.test(path),
  });
  const modules = join(folder, 'lib-dynload');
  return readdirSync(modules).map((name) => join(modules, name));
}

function librariesOf(paths: readonly string[]): string[] {
  const text = execFileSync('ldd', paths, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  return [...new Set(text.match(/\/[^ :()\n]+\.so[^ :()\n]*(?= \()/g))];
}
