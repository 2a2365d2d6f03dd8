import type { SandboxResult, SandboxStatus } from '../../../domain/sandbox/run.ts';
import { python, saysFound, shell } from './probe.ts';
import type { Probe } from './probe.ts';

const mib = 1024 * 1024;

const endsOtherThan =
  (status: SandboxStatus) =>
  (result: SandboxResult): boolean =>
    result.status !== status;

/** What takes more than it may: each limit ends it in a status of its own. */
export const limitProbes: readonly Probe[] = [
  {
    name: 'sleeping for ever',
    meaning: 'a program outlives its time',
    run: () => ({ argv: ['/bin/sleep', '3600'], limits: { timeMs: 300 } }),
    isDiscovery: endsOtherThan('timeout'),
  },
  {
    name: 'computing for ever',
    meaning: 'a program takes the processor for longer than it may',
    run: () => ({
      argv: shell('(while :; do :; done) & while :; do :; done'),
      limits: { timeMs: 60_000, processorMs: 300 },
    }),
    isDiscovery: endsOtherThan('timeout'),
  },
  {
    name: 'memory bomb',
    meaning: 'a program takes the memory of others',
    run: () => ({
      argv: python(
        'kept = []',
        'while True:',
        '    kept.append(bytearray(1 << 20)); time.sleep(0.002)',
      ),
      limits: { memoryBytes: 48 * mib },
    }),
    isDiscovery: endsOtherThan('memory'),
  },
  {
    name: 'memory bomb of many',
    meaning: 'processes together take more memory than they may',
    run: () => ({
      argv: python(
        'for each in range(8):',
        '    if os.fork() == 0:',
        '        kept = bytearray(16 << 20); time.sleep(60)',
        'time.sleep(60)',
      ),
      // A kernel that looks for memory to take back comes late to the end.
      limits: { memoryBytes: 64 * mib, timeMs: 15_000 },
    }),
    isDiscovery: endsOtherThan('memory'),
  },
  {
    name: 'fork bomb',
    meaning: 'a program takes the processes of others',
    run: () => ({
      argv: python(
        'count = 0',
        'for each in range(200):',
        '    try:',
        '        if os.fork() == 0: time.sleep(60); os._exit(0)',
        '        count += 1',
        '    except OSError: break',
        'if count > 20: found(count)',
      ),
      limits: { processes: 20 },
    }),
    isDiscovery: (result) => result.status !== 'ok' || saysFound(result),
  },
  {
    name: 'disk filler in the work folder',
    meaning: 'a program fills the disk of the host',
    run: () => ({
      argv: shell('for i in {1..40}; do head -c 1M /dev/zero > /work/$i; done; sleep 60'),
      limits: { diskBytes: 8 * mib },
    }),
    isDiscovery: endsOtherThan('disk'),
  },
  {
    name: 'disk filler where nobody may look',
    meaning: 'a program fills the disk in a folder that it closed',
    run: () => ({
      argv: shell(
        'mkdir closed && chmod 300 closed && ' +
          'for i in {1..40}; do head -c 1M /dev/zero > closed/$i; done; sleep 60',
      ),
      limits: { diskBytes: 8 * mib },
    }),
    isDiscovery: endsOtherThan('disk'),
  },
  {
    name: 'disk filler in temporary files',
    meaning: 'a program fills the memory of the host by files',
    run: () => ({
      argv: shell('for i in {1..40}; do head -c 1M /dev/zero > /tmp/$i; done; sleep 60'),
      limits: { diskBytes: 8 * mib },
    }),
    isDiscovery: endsOtherThan('disk'),
  },
  {
    name: 'disk filler in shared memory',
    meaning: 'a program fills the memory of the host by files that processes share',
    run: () => ({
      argv: shell('for i in {1..40}; do head -c 1M /dev/zero > /dev/shm/$i; done; sleep 60'),
      limits: { diskBytes: 8 * mib },
    }),
    isDiscovery: endsOtherThan('disk'),
  },
  {
    name: 'disk filler in removed files',
    meaning: 'a program fills the disk by files that no folder shows',
    run: () => ({
      argv: python(
        'kept = []',
        'for each in range(40):',
        '    kept.append(open("/work/file", "wb")); os.remove("/work/file")',
        '    kept[-1].write(b"x" * (1 << 20)); kept[-1].flush()',
        'time.sleep(60)',
      ),
      limits: { diskBytes: 8 * mib },
    }),
    isDiscovery: endsOtherThan('disk'),
  },
  {
    name: 'disk filler in removed files that are mapped',
    meaning: 'a program fills the disk by files that neither a folder nor a descriptor shows',
    run: () => ({
      argv: python(
        'import mmap',
        'kept = []',
        'for each in range(40):',
        '    with open("/work/file", "w+b") as file:',
        '        file.truncate(1 << 20); kept.append(mmap.mmap(file.fileno(), 1 << 20))',
        '    os.remove("/work/file"); kept[-1].write(b"x" * (1 << 20))',
        'time.sleep(60)',
      ),
      limits: { diskBytes: 8 * mib },
    }),
    isDiscovery: endsOtherThan('disk'),
  },
  {
    name: 'disk filler in files on their way',
    meaning: 'a program fills the disk by files that lie in a socket',
    run: () => ({
      argv: python(
        'near, far = socket.socketpair()',
        'for each in range(100):',
        '    with open("/work/file", "wb") as file:',
        '        os.remove("/work/file"); file.write(b"x" * (1 << 20)); file.flush()',
        '        socket.send_fds(near, [b"x"], [file.fileno()])',
        'time.sleep(60)',
      ),
      limits: { diskBytes: 8 * mib },
    }),
    isDiscovery: endsOtherThan('disk'),
  },
  {
    name: 'many empty files',
    meaning: 'a program takes all the numbers that the host’s file system has for files',
    run: () => ({
      argv: python(
        'for each in range(1000000):',
        '    os.close(os.open("/work/%d" % each, os.O_CREAT | os.O_WRONLY))',
        'time.sleep(60)',
      ),
      limits: { diskBytes: mib, timeMs: 20_000, processorMs: 20_000 },
    }),
    isDiscovery: endsOtherThan('disk'),
  },
  {
    name: 'memory in files without a name',
    meaning: 'memory is taken where no process is seen to have it',
    run: () => ({
      argv: python(
        'kept = []',
        'for each in range(200):',
        '    kept.append(os.memfd_create("memory")); os.write(kept[-1], b"x" * (1 << 20))',
        'time.sleep(60)',
      ),
      limits: { diskBytes: 8 * mib, memoryBytes: 64 * mib },
    }),
    isDiscovery: ({ status }) => status !== 'disk' && status !== 'memory',
  },
  {
    name: 'one endless file',
    meaning: 'a file grows beyond what is allowed, at once or with holes',
    run: () => ({
      argv: python(
        'open("/work/file", "w").close()',
        'import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)',
        'try:',
        '    os.truncate("/work/file", 1 << 40); found("truncate")',
        'except OSError: pass',
      ),
      limits: { diskBytes: 8 * mib },
    }),
    isDiscovery: saysFound,
  },
  {
    name: 'open files without end',
    meaning: 'a program takes the open files of others',
    run: () => ({
      argv: python(
        'try:',
        '    for each in range(1000): os.open("/dev/null", os.O_RDONLY)',
        '    found("files")',
        'except OSError: pass',
      ),
      limits: { openFiles: 64 },
    }),
    isDiscovery: (result) => result.status !== 'ok' || saysFound(result),
  },
  {
    name: 'locked memory',
    meaning: 'a program keeps memory from being taken back',
    run: () => ({
      argv: python(
        'import resource',
        'most = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]',
        'resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))',
        'page = ctypes.create_string_buffer(1 << 20)',
        'if libc.mlock(page, 1 << 20) == 0: found("mlock")',
      ),
    }),
    isDiscovery: (result) => result.status !== 'ok' || saysFound(result),
  },
  {
    name: 'core of a program that crashed',
    meaning: 'a crash fills the disk, or starts a program of the host that looks at crashes',
    run: () => ({
      argv: python(
        'import resource',
        'most = resource.getrlimit(resource.RLIMIT_CORE)[1]',
        'resource.setrlimit(resource.RLIMIT_CORE, (most, most))',
        'child = os.fork()',
        'if child == 0: os.abort()',
        'if os.WCOREDUMP(os.waitpid(child, 0)[1]): found("core")',
        'if most not in (0, 1): found("limit", most)',
      ),
    }),
    isDiscovery: (result) => result.status !== 'ok' || saysFound(result),
  },
  {
    name: 'output flood',
    meaning: 'a program fills the memory of the engine by what it writes',
    run: () => ({ argv: ['/usr/bin/yes'], limits: { outputBytes: 100_000 } }),
    isDiscovery: (result) =>
      result.status !== 'output' || !result.isTruncated || result.stdout.length !== 100_000,
  },
  {
    name: 'process that outlives its parents',
    meaning: 'something runs on after the end of the run',
    run: ({ outliving }) => ({
      argv: python(
        'if os.fork() == 0:',
        '    os.setsid()',
        '    if os.fork() == 0:',
        `        os.execv("/bin/sleep", ["${outliving}", "600"])`,
        '    os._exit(0)',
        'os.wait()',
        'time.sleep(0.2)',
      ),
    }),
    isDiscovery: (result, { isOutlived }) => result.status !== 'ok' || isOutlived(),
  },
];
