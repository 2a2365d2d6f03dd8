import { python, saysFound, shell } from './probe.ts';
import type { Probe } from './probe.ts';

/** What the kernel offers and must not be had. */
export const kernelProbes: readonly Probe[] = [
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
        '  "process_vm_readv": (310, 270, os.getpid(), 0, 0, 0, 0, 0),',
        '  "process_vm_writev": (311, 271, os.getpid(), 0, 0, 0, 0, 0),',
        '  "pidfd_getfd": (438, 438, 0, 0, 0), "kcmp": (312, 272, os.getpid(), os.getpid(), 0, 0, 1),',
        '  "kexec": (246, 104, 0, 0, 0, 0), "kexec_file": (320, 294, -1, -1, 0, 0, 0),',
        '  "init_module": (175, 105, page, 0, b""), "setns": (308, 268, -1, 0),',
        '  "mount": (165, 40, b"none", b"/tmp", b"tmpfs", 0, 0), "chroot": (161, 51, b"/tmp"),',
        '  "fsopen": (430, 430, b"tmpfs", 0), "open_tree": (428, 428, -100, b"/tmp", 1),',
        '  "open_by_handle": (304, 265, -1, page, 0), "fanotify": (300, 262, 0, 0)}',
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
  {
    name: 'calls of another machine',
    meaning: 'the filter is passed by the numbers of 32-bit programs',
    run: () => ({
      argv: python(
        'import mmap',
        'child = os.fork()',
        'if child == 0:',
        '    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)',
        '    page.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))  # getpid by int 0x80',
        '    start = ctypes.addressof(ctypes.c_char.from_buffer(page))',
        '    got = ctypes.CFUNCTYPE(ctypes.c_int)(start)()',
        '    os._exit(0 if got == os.getpid() else 1)',
        'if x86 and os.waitpid(child, 0)[1] == 0: found("int 0x80")',
      ),
    }),
    isDiscovery: (result) => result.status !== 'ok' || saysFound(result),
  },
  {
    name: 'typing into a terminal',
    meaning: 'a program types commands into the terminal of whoever started it',
    run: () => ({
      argv: python(
        'for request in [0x5412, 0x541c]:',
        '    got, error = call(16, 29, 0, request, b"x")',
        '    if error != 1: found(hex(request), got, error)',
      ),
    }),
    isDiscovery: (result) => result.status !== 'ok' || saysFound(result),
  },
];
