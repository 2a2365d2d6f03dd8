import { python, saysFound, saysSecret, shell } from './probe.ts';
import type { Probe } from './probe.ts';

/** What is of the host and must not be found. */
export const findingProbes: readonly Probe[] = [
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
  {
    name: 'name of the host',
    meaning: 'a program learns where it is',
    run: () => ({ argv: shell('uname -n; cat /proc/sys/kernel/hostname') }),
    isDiscovery: ({ status, stdout }) => status !== 'ok' || stdout !== 'sandbox\nsandbox\n',
  },
  {
    name: 'settings of the host',
    meaning: 'the host’s users, names and configuration are told',
    run: ({ ownFiles }) => ({
      argv: python(
        `theirs = "${ownFiles.settings.join(' ')}".split()`,
        'import pwd',
        'ours = "alternatives group gitconfig hosts ld.so.cache nsswitch.conf passwd resolv.conf ssl".split()',
        'found_files = set(os.listdir("/etc")) - set(theirs + ours)',
        'if found_files: found(*found_files)',
        'users = {each.pw_name for each in pwd.getpwall()}',
        'if users != {"root", "sandbox"}: found(*users)',
      ),
    }),
    isDiscovery: (result) => result.status !== 'ok' || saysFound(result),
  },
  {
    name: 'devices of the host',
    meaning: 'disks, terminals and the kernel’s own files are reached',
    run: ({ ownFiles }) => ({
      argv: python(
        `theirs = "${ownFiles.devices.join(' ')}".split()`,
        'ours = theirs + "core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero".split()',
        'for name in set(os.listdir("/dev")) - set(ours): found(name)',
        'for path in ["/sys/kernel", "/sys/fs/cgroup", "/proc/kcore", "/proc/sysrq-trigger"]:',
        '    try: open(path, "rb").close()',
        '    except IsADirectoryError: found(path)',
        '    except OSError: continue',
        '    if os.path.getsize(path) or os.access(path, os.W_OK): found(path)',
      ),
    }),
    isDiscovery: (result) => result.status !== 'ok' || saysFound(result),
  },
  {
    name: 'terminal of the engine',
    meaning: 'a program belongs to the session, and the terminal, of whoever started the engine',
    run: () => ({
      argv: python(
        'if os.getsid(0) == 0: found("session")',
        'try: os.open("/dev/tty", os.O_RDWR); found("terminal")',
        'except OSError: pass',
      ),
    }),
    isDiscovery: (result) => result.status !== 'ok' || saysFound(result),
  },
];
