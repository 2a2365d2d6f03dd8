import { refusedSyscalls } from './refused-syscalls.ts';
import type { Machine, Refusal } from './refused-syscalls.ts';

/** A program of the kernel's classic packet filter, one instruction after the other. */
export type FilterProgram = readonly Instruction[];

interface Instruction {
  readonly code: number;
  /** How many instructions to skip when the test holds, and when not. */
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly value: number;
}

/** A system call whose arguments decide. Each list of tests refuses when all of its tests hold. */
interface WatchedSyscall {
  readonly name: string;
  readonly numbers: Readonly<Record<Machine, number | null>>;
  readonly refusedWhen: readonly (readonly Test[])[];
  readonly answer: Refusal | 'EAFNOSUPPORT';
  readonly reason: string;
}

interface Test {
  /** Which argument, from 0. */
  readonly argument: number;
  /** `any`: one of these bits is set. `none`: the lower half is none of these values. `is`: it is this value. */
  readonly kind: 'any' | 'none' | 'is';
  readonly values: readonly number[];
}

// linux/bpf_common.h, linux/seccomp.h, linux/audit.h
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const errnos = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 } as const;
const auditNames: Readonly<Record<Machine, number>> = { x86_64: 0xc000003e, aarch64: 0xc00000b7 };
const NUMBER_OFFSET = 0;
const MACHINE_OFFSET = 4;
const ARGUMENTS_OFFSET = 16;
const ARGUMENT_BYTES = 8;
const INSTRUCTION_BYTES = 8;
const X32_FROM = 0x40000000; // numbers of the x32 world: the same calls by another door

const NEW_NAMESPACES = 0x7e020000; // CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET
const NEW_TIME = 0x80; // in unshare; in clone this bit belongs to the signal
const families = { unix: 1, internet: 2, internet6: 10, netlink: 16 } as const;
const ROUTE = 0;
const SET_ID_BITS = 0o6000;
const CREATE = 0o100;
const TEMPORARY_FILE = 0o20000000;

const socketFamilies = [families.unix, families.internet, families.internet6, families.netlink];
const isForeignFamily: readonly Test[] = [{ argument: 0, kind: 'none', values: socketFamilies }];
const isOtherNetlink: readonly Test[] = [
  { argument: 0, kind: 'is', values: [families.netlink] },
  { argument: 2, kind: 'none', values: [ROUTE] },
];
const setsId = (argument: number): readonly Test[] => [
  { argument, kind: 'any', values: [SET_ID_BITS] },
];
const createsWithSetId = (flags: number): readonly Test[] => [
  { argument: flags, kind: 'any', values: [CREATE, TEMPORARY_FILE] },
  { argument: flags + 1, kind: 'any', values: [SET_ID_BITS] },
];

const watched = (
  name: string,
  [x86_64, aarch64]: readonly [number | null, number | null],
  reason: string,
  refusedWhen: readonly (readonly Test[])[],
  answer: WatchedSyscall['answer'] = 'EPERM',
): WatchedSyscall => ({ name, numbers: { x86_64, aarch64 }, refusedWhen, answer, reason });

const foreign = 'AF_VSOCK and others are not parted by a network namespace';
const namespaces = 'a new namespace gives capabilities over much of the kernel';
const setId = 'a set-user-id file in a granted folder would hand its owner to whoever runs it';
const typing = 'types into the terminal of whoever started it';
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const ordinaryPersonalities = [0, 0xffffffff];

const watchedSyscalls: readonly WatchedSyscall[] = [
  watched('socket', [41, 198], foreign, [isForeignFamily, isOtherNetlink], 'EAFNOSUPPORT'),
  watched('socketpair', [53, 199], foreign, [isForeignFamily, isOtherNetlink], 'EAFNOSUPPORT'),
  watched('clone', [56, 220], namespaces, [
    [{ argument: 0, kind: 'any', values: [NEW_NAMESPACES] }],
  ]),
  watched('unshare', [272, 97], namespaces, [
    [{ argument: 0, kind: 'any', values: [NEW_NAMESPACES, NEW_TIME] }],
  ]),
  watched('ioctl', [16, 29], typing, [
    [{ argument: 1, kind: 'is', values: [TIOCSTI] }],
    [{ argument: 1, kind: 'is', values: [TIOCLINUX] }],
  ]),
  watched('personality', [135, 92], 'switches off what hides addresses', [
    [{ argument: 0, kind: 'none', values: ordinaryPersonalities }],
  ]),
  watched('chmod', [90, null], setId, [setsId(1)]),
  watched('fchmod', [91, 52], setId, [setsId(1)]),
  watched('fchmodat', [268, 53], setId, [setsId(2)]),
  watched('fchmodat2', [452, 452], setId, [setsId(2)]),
  watched('creat', [85, null], setId, [setsId(1)]),
  watched('mknod', [133, null], setId, [setsId(1)]),
  watched('mknodat', [259, 33], setId, [setsId(2)]),
  watched('open', [2, null], setId, [createsWithSetId(1)]),
  watched('openat', [257, 56], setId, [createsWithSetId(2)]),
];

/**
 * Makes the filter of system calls that every sandboxed program runs under: what is not refused is allowed.
 *
 * Calls of another machine or of the x32 world end the process, since their numbers mean other calls.
 *
 * @returns the program as bwrap's `--seccomp` reads it: `struct sock_filter` one after the other, little-endian
 */
export function seccompFilter(machine: Machine): Uint8Array<ArrayBuffer> {
  const program = seccompProgram(machine);
  const bytes = new DataView(new ArrayBuffer(program.length * INSTRUCTION_BYTES));
  program.forEach(({ code, whenTrue, whenFalse, value }, index) => {
    const at = index * INSTRUCTION_BYTES;
    bytes.setUint16(at, code, true);
    bytes.setUint8(at + 2, whenTrue);
    bytes.setUint8(at + 3, whenFalse);
    bytes.setUint32(at + 4, value, true);
  });
  return new Uint8Array(bytes.buffer);
}

/**
 * Finds which filter fits here.
 *
 * @param architecture - as Node names it
 * @returns undefined for machines whose system calls are not in our tables: nothing runs there
 */
export function machineOf(architecture: string): Machine | undefined {
  return { x64: 'x86_64' as const, arm64: 'aarch64' as const }[architecture];
}

function seccompProgram(machine: Machine): FilterProgram {
  return [
    load(MACHINE_OFFSET),
    jump(JUMP_IF_EQUAL, auditNames[machine], 1, 0),
    end(KILL_PROCESS),
    load(NUMBER_OFFSET),
    ...(machine === 'x86_64' ? [jump(JUMP_IF_AT_LEAST, X32_FROM, 0, 1), end(KILL_PROCESS)] : []),
    ...refusedSyscalls.flatMap(({ numbers, answer }) => {
      const number = numbers[machine];
      return number === null ? [] : [jump(JUMP_IF_EQUAL, number, 0, 1), end(refusal(answer))];
    }),
    ...watchedSyscalls.flatMap((syscall) => watching(syscall, syscall.numbers[machine])),
    end(ALLOW),
  ];
}

/** Leaves the number of the call loaded where it is another call; ends with an answer where it is this one. */
function watching(syscall: WatchedSyscall, number: number | null): FilterProgram {
  if (number === null) return [];
  const answer = refusal(syscall.answer);
  const body = [...syscall.refusedWhen.flatMap((tests) => refusing(tests, answer)), end(ALLOW)];
  return [jump(JUMP_IF_EQUAL, number, 0, body.length), ...body];
}

/** Ends with the answer when every test holds, else goes on behind itself. */
function refusing(tests: readonly Test[], answer: number): FilterProgram {
  let behind: FilterProgram = [end(answer)];
  for (const test of tests.toReversed()) behind = [...testing(test, behind.length), ...behind];
  return behind;
}

/** Goes on behind itself when the test holds, else skips as many instructions more. */
function testing({ argument, kind, values }: Test, skipped: number): FilterProgram {
  const loaded = load(ARGUMENTS_OFFSET + argument * ARGUMENT_BYTES); // the lower half: both machines are little-endian
  const last = values.length - 1;
  if (kind === 'none') {
    const outs = values.map((value, index) =>
      jump(JUMP_IF_EQUAL, value, last - index + skipped, 0),
    );
    return [loaded, ...outs];
  }
  const code = kind === 'any' ? JUMP_IF_ANY_BIT : JUMP_IF_EQUAL;
  const ins = values.map((value, index) =>
    jump(code, value, last - index, index === last ? skipped : 0),
  );
  return [loaded, ...ins];
}

function load(offset: number): Instruction {
  return { code: LOAD, whenTrue: 0, whenFalse: 0, value: offset };
}

function jump(code: number, value: number, whenTrue: number, whenFalse: number): Instruction {
  return { code, whenTrue, whenFalse, value };
}

function end(answer: number): Instruction {
  return { code: RETURN, whenTrue: 0, whenFalse: 0, value: answer };
}

function refusal(answer: keyof typeof errnos): number {
  return ERRNO | errnos[answer];
}
