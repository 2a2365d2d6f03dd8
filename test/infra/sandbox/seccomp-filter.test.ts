import { describe, expect, test } from '@jest/globals';

import { refusedSyscalls } from '../../../infra/sandbox/refused-syscalls.ts';
import { machineOf, seccompFilter } from '../../../infra/sandbox/seccomp-filter.ts';

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const EAFNOSUPPORT = 0x00050061;
const names = { x86_64: 0xc000003e, aarch64: 0xc00000b7 } as const;

interface Call {
  readonly machine?: number;
  readonly number: number;
  readonly arguments?: readonly number[];
}

/** Runs the filter as the kernel would: only the instructions that it uses. */
function decide(machine: keyof typeof names, call: Call): number {
  const program = new DataView(seccompFilter(machine).buffer);
  const data = new DataView(new ArrayBuffer(64));
  data.setInt32(0, call.number, true);
  data.setUint32(4, call.machine ?? names[machine], true);
  (call.arguments ?? []).forEach((value, index) => {
    data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, BigInt(value)), true);
  });
  let loaded = 0;
  for (let at = 0; at < program.byteLength; at += 8) {
    const value = program.getUint32(at + 4, true);
    const skipped = (holds: boolean): number => program.getUint8(at + (holds ? 2 : 3)) * 8;
    switch (program.getUint16(at, true)) {
      case 0x20:
        loaded = data.getUint32(value, true);
        break;
      case 0x15:
        at += skipped(loaded === value);
        break;
      case 0x35:
        at += skipped(loaded >= value);
        break;
      case 0x45:
        at += skipped((loaded & value) !== 0);
        break;
      case 0x06:
        return value;
      default:
        throw new Error(`unknown instruction at ${at}`);
    }
  }
  throw new Error('the filter ended without an answer');
}

describe.each(['x86_64', 'aarch64'] as const)('the filter for %s', (machine) => {
  const number = (x86: number, arm: number): number => (machine === 'x86_64' ? x86 : arm);

  test('fits into what the kernel takes', () => {
    expect(seccompFilter(machine).length).toBeLessThan(4096 * 8);
  });

  test.each(refusedSyscalls.filter(({ numbers }) => numbers[machine] !== null))(
    'refuses $name',
    ({ numbers, answer }) => {
      const decision = decide(machine, { number: numbers[machine] ?? -1 });

      expect(decision).toBe(answer === 'EPERM' ? EPERM : ENOSYS);
    },
  );

  test.each([
    ['read', 0, 63],
    ['write', 1, 64],
    ['execve', 59, 221],
    ['getrandom', 318, 278],
    ['futex', 202, 98],
    ['epoll_pwait', 281, 22],
    ['exit_group', 231, 94],
  ])('allows %s', (_, x86, arm) => {
    expect(decide(machine, { number: number(x86, arm) })).toBe(ALLOW);
  });

  test.each([
    ['Unix', [1, 1, 0], ALLOW],
    ['internet', [2, 1, 6], ALLOW],
    ['internet 6', [10, 2, 17], ALLOW],
    ['route netlink', [16, 3, 0], ALLOW],
    ['audit netlink', [16, 3, 9], EAFNOSUPPORT],
    ['virtual machine', [40, 1, 0], EAFNOSUPPORT],
    ['packet', [17, 3, 0], EAFNOSUPPORT],
    ['cryptographic', [38, 5, 0], EAFNOSUPPORT],
    ['any but with high bits set', [2 ** 32 + 40, 1, 0], EAFNOSUPPORT],
  ])('answers for %s sockets', (_, args, answer) => {
    expect(decide(machine, { number: number(41, 198), arguments: args })).toBe(answer);
    expect(decide(machine, { number: number(53, 199), arguments: args })).toBe(answer);
  });

  test.each([
    ['threads', 0x003d0f00, ALLOW],
    ['processes', 0x01200011, ALLOW],
    ['user namespaces', 0x10000011, EPERM],
    ['mount namespaces', 0x00020011, EPERM],
    ['network namespaces', 0x40000011, EPERM],
    ['cgroup namespaces', 0x02000011, EPERM],
  ])('answers for clone of %s', (_, flags, answer) => {
    expect(decide(machine, { number: number(56, 220), arguments: [flags] })).toBe(answer);
  });

  test.each([
    ['descriptors', 0x400, ALLOW],
    ['user namespaces', 0x10000000, EPERM],
    ['time namespaces', 0x80, EPERM],
  ])('answers for unshare of %s', (_, flags, answer) => {
    expect(decide(machine, { number: number(272, 97), arguments: [flags] })).toBe(answer);
  });

  test('keeps files from becoming set-user-id, however they are made', () => {
    const suid = 0o4755;
    const create = 0o101;
    const refused = [
      decide(machine, { number: number(91, 52), arguments: [3, suid] }),
      decide(machine, { number: number(268, 53), arguments: [-100, 0, suid] }),
      decide(machine, { number: 452, arguments: [-100, 0, suid] }),
      decide(machine, { number: number(259, 33), arguments: [-100, 0, suid] }),
      decide(machine, { number: number(257, 56), arguments: [-100, 0, create, suid] }),
      decide(machine, { number: number(257, 56), arguments: [-100, 0, 0o20200001, 0o2755] }),
    ];

    expect(refused).toEqual(refused.map(() => EPERM));
  });

  test('looks at the mode of an opened file only where one is made', () => {
    const open = { number: number(257, 56), arguments: [-100, 0, 0, 0o7777] };

    expect(decide(machine, open)).toBe(ALLOW);
  });

  test('ends calls that are numbered for another machine', () => {
    const other = machine === 'x86_64' ? names.aarch64 : 0x40000003;

    expect(decide(machine, { number: 1, machine: other })).toBe(KILL);
  });
});

test('ends calls of the x32 world', () => {
  expect(decide('x86_64', { number: 0x40000000 + 101 })).toBe(KILL);
});

test('every refused call has a reason', () => {
  expect(refusedSyscalls.filter(({ reason }) => reason.length < 10)).toEqual([]);
});

test('no call is listed twice', () => {
  const listed = refusedSyscalls.map(({ name }) => name);

  expect(new Set(listed).size).toBe(listed.length);
});

test.each([
  ['x64', 'x86_64'],
  ['arm64', 'aarch64'],
  ['riscv64', undefined],
])('on %s the filter is %s', (architecture, machine) => {
  expect(machineOf(architecture)).toBe(machine);
});
