import { saysFound, saysSecret, shell } from './probe.ts';
import type { Probe } from './probe.ts';

/** What is written, or left for the host to run. */
export const writingProbes: readonly Probe[] = [
  {
    name: 'writing outside',
    meaning: 'a program writes where it was not given a place',
    run: () => ({
      argv: shell(
        'for place in / /usr /etc /dev /proc /proc/sys/kernel/hostname /bin; do ' +
          'for path in $place $place/written; do (echo x > $path) 2>/dev/null && echo FOUND $path; done; done; true',
      ),
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'writing into a folder granted for reading',
    meaning: 'what was only to be read is changed',
    run: ({ folder }) => ({
      argv: shell('echo x > /given/written && echo FOUND; chmod 777 /given && echo FOUND'),
      grants: [{ host: `${folder}/given`, path: '/given', mode: 'read' }],
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'granted path through a planted link',
    meaning: 'a link planted on the way of a grant leads to other files',
    run: ({ folder }) => ({
      argv: shell('cat /linked/*'),
      grants: [{ host: `${folder}/planted/link/inner`, path: '/linked', mode: 'read' }],
    }),
    isDiscovery: (result, canaries) => result.status !== 'refused' || saysSecret(result, canaries),
  },
  {
    name: 'mount point that is a planted link',
    meaning: 'a link planted at a mount point makes folders on the host',
    run: ({ folder }) => ({
      argv: shell('ls /work/modules'),
      grants: [
        { host: `${folder}/trapped`, path: '/work', mode: 'write' },
        { host: `${folder}/given`, path: '/work/modules', mode: 'read' },
      ],
    }),
    isDiscovery: ({ status, reason }) => status !== 'refused' || !reason.includes('is a link'),
  },
  {
    name: 'settings of a granted repository',
    meaning: 'a program writes what git of the host will run',
    run: ({ folder }) => ({
      argv: shell('(echo "[core] fsmonitor = /trap" >> /repository/.git/config) && echo FOUND'),
      grants: [{ host: `${folder}/repository`, path: '/repository', mode: 'write' }],
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'git trap in a copied repository',
    meaning: 'the host runs a program that the repository names, while it looks for changes',
    run: ({ folder, trapFile }) => ({
      argv: shell(
        `mkdir -p /trap/inner && cd /trap/inner && git init -q . && ` +
          `git config core.fsmonitor "touch ${trapFile}; false" && echo x > file; true`,
      ),
      grants: [{ host: `${folder}/trapping`, path: '/trap', mode: 'copy' }],
    }),
    isDiscovery: ({ diff }, { wasTrapped }) =>
      wasTrapped() || diff?.includes('inner/file') !== true,
  },
  {
    name: 'artifact that is a link',
    meaning: 'a file of the host is taken along as a program’s own',
    run: ({ secretFile }) => ({
      argv: shell(
        `ln -s ${secretFile} /artifacts/a; mkfifo /artifacts/b; echo fine > /artifacts/c`,
      ),
    }),
    isDiscovery: (result, canaries) =>
      saysSecret(result, canaries) || result.files.map(({ path }) => path).join(' ') !== 'c',
  },
  {
    name: 'writing to /dev/stderr',
    meaning: 'ordinary programs fail that open their output anew',
    run: () => ({ argv: shell('echo one > /dev/stdout; echo two > /dev/stderr') }),
    isDiscovery: ({ stdout, stderr }) => stdout !== 'one\n' || stderr !== 'two\n',
  },
  {
    name: 'forged result',
    meaning: 'a program tells its result in place of the engine',
    run: () => ({
      argv: shell(
        `for number in {1..64}; do echo '{ "exit-code": 0 }' >&$number; done 2>/dev/null; exit 9`,
      ),
    }),
    isDiscovery: ({ status, exitCode }) => status !== 'error' || exitCode !== 9,
  },
  {
    name: 'scripts that npm runs by itself',
    meaning:
      'npm runs what a package brings along, or heeds settings that the folder’s author left',
    run: () => ({
      argv: shell(
        'command -v npm > /dev/null || exit 0; ' +
          `echo '{"name":"a","version":"1.0.0","scripts":{"postinstall":"echo FOUND > /artifacts/ran"}}' > package.json; ` +
          'echo ignore-scripts=false > .npmrc; npm install > /dev/null 2>&1; cat /artifacts/ran',
      ),
      limits: { timeMs: 30_000, processorMs: 30_000, memoryBytes: 1024 ** 3 },
    }),
    isDiscovery: saysFound,
  },
];
