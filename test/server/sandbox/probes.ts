import { limitProbes } from './limit-probes.ts';
import { python, saysFound, saysSecret, shell } from './probe.ts';
import type { Probe } from './probe.ts';

const finding: readonly Probe[] = [
  {
    name: 'environment of the engine',
    meaning: 'keys in the environment of the engine reach a program',
    run: () => ({
      argv: shell('env; for file in /proc/*/environ; do tr "\\0" "\\n" < $file; done; true'),
    }),
    isDiscovery: saysSecret,
  },
  {
    name: 'file of the host',
    meaning: 'files that were not granted are read',
    run: ({ secretFile }) => ({
      argv: shell(`cat ${secretFile}; for root in /proc/*/root; do cat $root${secretFile}; done`),
    }),
    isDiscovery: saysSecret,
  },
  {
    name: 'file for root alone in a granted folder',
    meaning: 'a program reads as the engine’s own user',
    run: ({ folder }) => ({
      argv: shell('cat /given/private'),
      grants: [{ host: `${folder}/given`, path: '/given', mode: 'read' }],
    }),
    isDiscovery: (result, canaries) => canaries.isRoot && saysSecret(result, canaries),
  },
  {
    name: 'listening TCP socket of the host',
    meaning: 'services of the host are reached',
    run: ({ port }) => ({
      argv: python(
        `with socket.create_connection(("127.0.0.1", ${port}), 2) as peer: print(peer.recv(100))`,
      ),
    }),
    isDiscovery: saysSecret,
  },
  {
    name: 'abstract Unix socket of the host',
    meaning: 'services of the host are reached past the file system',
    run: ({ abstractName }) => ({
      argv: python(
        'peer = socket.socket(socket.AF_UNIX)',
        `peer.connect("\\0${abstractName}")`,
        'print(peer.recv(100))',
      ),
    }),
    isDiscovery: saysSecret,
  },
  {
    name: 'process of the host',
    meaning: 'processes of the host are seen, and could be ended or read',
    run: ({ victimPid }) => ({
      argv: python(
        'for name in os.listdir("/proc"):',
        '    if name.isdigit():',
        '        try: print(open("/proc/%s/cmdline" % name).read())',
        '        except OSError: pass',
        'try:',
        `    os.kill(${victimPid}, 0); print(open("/proc/${victimPid}/cmdline").read())`,
        'except OSError: pass',
      ),
    }),
    // The probe's own command does not hold the word, only the victim's does.
    isDiscovery: ({ stdout }, { victimWord }) => stdout.includes(victimWord),
  },
  {
    name: 'shared memory of the host',
    meaning: 'memory of the host’s programs is shared with a program',
    run: () => ({
      argv: python('if len(open("/proc/sysvipc/shm").readlines()) > 1: found("segments")'),
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'descriptor left open to the engine',
    meaning: 'what the engine inherited is handed on to programs',
    run: () => ({
      argv: python(
        'for fd in range(3, 1024):',
        '    try: os.fstat(fd)',
        '    except OSError: continue',
        '    found(fd, os.readlink("/proc/self/fd/%d" % fd))',
      ),
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'shadow file',
    meaning: 'the host’s users are told',
    run: () => ({
      argv: shell('for file in /etc/shadow /etc/gshadow; do [ -e $file ] && echo FOUND; done'),
    }),
    isDiscovery: saysFound,
  },
];

const kernel: readonly Probe[] = [
  {
    name: 'sockets of other families',
    meaning: 'the host is reached by a family that no network namespace parts',
    run: () => ({
      argv: python(
        'for family, kind, protocol in [(40, 1, 0), (17, 3, 0), (38, 5, 0), (16, 3, 15)]:',
        '    got, error = call(41, 198, family, kind, protocol)',
        '    if got >= 0: found("family", family)',
      ),
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'new namespaces',
    meaning: 'a program makes namespaces, and has capabilities in them',
    run: () => ({
      argv: python(
        'for flag in [0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000]:',
        '    if call(272, 97, flag)[0] == 0: found("unshare", hex(flag))',
        'got, error = call(56, 220, 0x10000000 | 17, 0, 0, 0, 0)',
        'if got == 0: os._exit(0)',
        'if got > 0: found("clone")',
        'if call(435, 435, 0, 0)[1] != 38: found("clone3")',
      ),
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'user namespace',
    meaning: 'a program makes itself root of a namespace of its own',
    run: () => ({ argv: python('if call(272, 97, 0x10000000)[0] == 0: found("user namespace")') }),
    isDiscovery: saysFound,
  },
  {
    name: 'wide doors into the kernel',
    meaning: 'calls are open that programs do not need and exploits do',
    run: () => ({
      argv: python(
        'page = ctypes.create_string_buffer(4096)',
        'doors = {"ptrace": (101, 117, 0, 0, 0, 0), "keyctl": (250, 219, 0, -3, 1),',
        '  "add_key": (248, 217, b"user", b"a", b"b", 1, -3), "bpf": (321, 280, 0, page, 120),',
        '  "userfaultfd": (323, 282, 1), "io_uring": (425, 425, 4, page),',
        '  "perf": (298, 241, page, 0, -1, -1, 0), "personality": (135, 92, 0x0040000),',
        '  "process_vm_readv": (310, 270, os.getpid(), 0, 0, 0, 0, 0)}',
        'for name, (x, arm, *args) in doors.items():',
        '    got, error = call(x, arm, *args)',
        '    if error not in (1, 38): found(name, got, error)',
      ),
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'calls of the x32 world',
    meaning: 'the filter is passed by other numbers for the same calls',
    run: () => ({
      argv: python(
        'child = os.fork()',
        'if child == 0:',
        '    call(0x40000000 + 39, 172); os._exit(0)',
        'if x86 and os.waitpid(child, 0)[1] == 0: found("x32")',
      ),
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'capabilities',
    meaning: 'a program may do what is root’s',
    run: () => ({
      argv: shell('grep -E "^Cap(Eff|Prm|Bnd|Amb):.*[1-9a-f]" /proc/self/status && echo FOUND'),
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'set-user-id program',
    meaning: 'a program becomes whom a file of the host belongs to',
    run: ({ folder }) => ({
      argv: shell('[ "$(/given/id-as-owner -u)" = "$(id -u)" ] || echo FOUND'),
      grants: [{ host: `${folder}/given`, path: '/given', mode: 'read' }],
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'making a set-user-id file',
    meaning: 'who runs what a program left behind hands itself over',
    run: () => ({
      argv: python(
        'open("/work/file", "w").close()',
        'try:',
        '    os.chmod("/work/file", 0o4755); found("chmod")',
        'except OSError: pass',
        'try:',
        '    os.open("/work/other", os.O_CREAT | os.O_WRONLY, 0o4755); found("open")',
        'except OSError: pass',
      ),
    }),
    isDiscovery: saysFound,
  },
];

const writing: readonly Probe[] = [
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
];

/** Every probe: what is found, what the kernel allows, what can be written, what can be taken. */
export const probes: readonly Probe[] = [...finding, ...kernel, ...writing, ...limitProbes];
