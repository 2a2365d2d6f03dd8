/** A machine whose system calls are known by number. */
export type Machine = 'x86_64' | 'aarch64';

/** What the program sees: `EPERM` where asking is wrong, `ENOSYS` where programs know another way. */
export type Refusal = 'EPERM' | 'ENOSYS';

/** One system call that no program in a sandbox may make, whatever its arguments are. */
export interface RefusedSyscall {
  readonly name: string;
  /** Its numbers; null where the machine does not have it. */
  readonly numbers: Readonly<Record<Machine, number | null>>;
  readonly answer: Refusal;
  readonly reason: string;
}

const refused = (
  name: string,
  [x86_64, aarch64]: readonly [number | null, number | null],
  reason: string,
  answer: Refusal = 'EPERM',
): RefusedSyscall => ({ name, numbers: { x86_64, aarch64 }, answer, reason });

const otherProcesses = 'reads or steers another process';
const kernelKeys = 'the keyring is not parted by namespaces';
const kernelCode = 'loads code into the kernel';
const wideSurface = 'a wide door into the kernel that most escapes of late went through';
const mounts = 'mounts change what a path means, and the kernel code behind them is large';
const wholeMachine = 'changes the whole machine';
const kernelMemory = 'tells or moves where memory lies';
const hostClock = 'sets the clock of the machine';
const obsolete = 'obsolete: no program needs it, and nobody looks after it';
const fileHandles = 'opens files by number, past every folder above them';

/**
 * What is refused without a look at its arguments. The numbers are those of the kernel's own tables
 * (`unistd_64.h` for x86_64, `asm-generic/unistd.h` for aarch64); from 424 on both count alike.
 */
export const refusedSyscalls: readonly RefusedSyscall[] = [
  refused('ptrace', [101, 117], otherProcesses),
  refused('process_vm_readv', [310, 270], otherProcesses),
  refused('process_vm_writev', [311, 271], otherProcesses),
  refused('process_madvise', [440, 440], otherProcesses),
  refused('kcmp', [312, 272], otherProcesses),
  refused('pidfd_getfd', [438, 438], otherProcesses),
  refused('add_key', [248, 217], kernelKeys),
  refused('request_key', [249, 218], kernelKeys),
  refused('keyctl', [250, 219], kernelKeys),
  refused('bpf', [321, 280], kernelCode),
  refused('init_module', [175, 105], kernelCode),
  refused('finit_module', [313, 273], kernelCode),
  refused('delete_module', [176, 106], kernelCode),
  refused('kexec_load', [246, 104], kernelCode),
  refused('kexec_file_load', [320, 294], kernelCode),
  refused('io_uring_setup', [425, 425], wideSurface, 'ENOSYS'),
  refused('io_uring_enter', [426, 426], wideSurface, 'ENOSYS'),
  refused('io_uring_register', [427, 427], wideSurface, 'ENOSYS'),
  refused('perf_event_open', [298, 241], wideSurface),
  refused('userfaultfd', [323, 282], wideSurface),
  refused('fanotify_init', [300, 262], wideSurface),
  refused('mount', [165, 40], mounts),
  refused('umount2', [166, 39], mounts),
  refused('pivot_root', [155, 41], mounts),
  refused('chroot', [161, 51], mounts),
  refused('open_tree', [428, 428], mounts),
  refused('open_tree_attr', [467, 467], mounts),
  refused('move_mount', [429, 429], mounts),
  refused('fsopen', [430, 430], mounts),
  refused('fsconfig', [431, 431], mounts),
  refused('fsmount', [432, 432], mounts),
  refused('fspick', [433, 433], mounts),
  refused('mount_setattr', [442, 442], mounts),
  refused('setns', [308, 268], 'enters namespaces of others'),
  // Its flags lie in memory, where a filter cannot look: libraries fall back to clone, where it can.
  refused('clone3', [435, 435], 'could make new namespaces unseen', 'ENOSYS'),
  // The same: its mode lies in memory. The C library does not use it.
  refused('openat2', [437, 437], 'could make set-user-id files unseen', 'ENOSYS'),
  refused('name_to_handle_at', [303, 264], fileHandles),
  refused('open_by_handle_at', [304, 265], fileHandles),
  refused('reboot', [169, 142], wholeMachine),
  refused('swapon', [167, 224], wholeMachine),
  refused('swapoff', [168, 225], wholeMachine),
  refused('acct', [163, 89], wholeMachine),
  refused('quotactl', [179, 60], wholeMachine),
  refused('quotactl_fd', [443, 443], wholeMachine),
  refused('sethostname', [170, 161], wholeMachine),
  refused('setdomainname', [171, 162], wholeMachine),
  refused('vhangup', [153, 58], wholeMachine),
  refused('iopl', [172, null], wholeMachine),
  refused('ioperm', [173, null], wholeMachine),
  refused('syslog', [103, 116], 'the log of the kernel tells addresses and other tenants'),
  refused('lookup_dcookie', [212, 18], kernelMemory),
  refused('move_pages', [279, 239], kernelMemory),
  refused('migrate_pages', [256, 238], kernelMemory),
  refused('settimeofday', [164, 170], hostClock),
  refused('clock_settime', [227, 112], hostClock),
  refused('adjtimex', [159, 171], hostClock),
  refused('clock_adjtime', [305, 266], hostClock),
  refused('modify_ldt', [154, null], 'opens 16-bit segments, where kernels kept failing'),
  refused('uselib', [134, null], obsolete),
  refused('ustat', [136, null], obsolete),
  refused('sysfs', [139, null], obsolete),
  refused('_sysctl', [156, null], obsolete),
  refused('create_module', [174, null], obsolete),
  refused('get_kernel_syms', [177, null], obsolete),
  refused('query_module', [178, null], obsolete),
  refused('nfsservctl', [180, 42], obsolete),
];
