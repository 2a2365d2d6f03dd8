import { seccompFilter } from '../seccomp-filter.ts';

// elf(5): one segment of memory that holds the whole file, at an address of our choice.
const ADDRESS = 0x400000;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const EXECUTABLE = 2;
const X86_64 = 62;
const LOADED = 1;
const READ_AND_RUN = 5;
const PAGE = 0x1000;
const ALIGNMENT = 8;
const INSTRUCTION_BYTES = 8;
const FILTER_HEAD_BYTES = 16; // struct sock_fprog: how many, and where

const devices = [...Buffer.from('/dev\0')];
const CLOSED = 0o555;

/**
 * `chmod("/dev", 0555)`, then `prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter)`, then
 * `execve(argv[1], argv + 1, environment)`. `/dev` belongs to who is called 0 inside, as runs of a plain user are: files
 * made there by mistake would fill the run's memory. runsc has no other way to close it that leaves `/dev/null` open.
 */
const machineCode = (devicesAt: number, filterHead: number): readonly number[] => [
  ...[0xbf, ...littleEndian(devicesAt)], // mov edi, "/dev"
  ...[0xbe, ...littleEndian(CLOSED)], // mov esi, 0555
  ...[0xb8, 90, 0, 0, 0], // mov eax, chmod
  ...[0x0f, 0x05], // syscall
  ...[0xbf, 22, 0, 0, 0], // mov edi, PR_SET_SECCOMP
  ...[0xbe, 2, 0, 0, 0], // mov esi, SECCOMP_MODE_FILTER
  ...[0xba, ...littleEndian(filterHead)], // mov edx, filter
  ...[0xb8, 157, 0, 0, 0], // mov eax, prctl
  ...[0x0f, 0x05], // syscall
  ...[0x85, 0xc0], // test eax, eax
  ...[0x75, 26], // jne refused
  ...[0x48, 0x8b, 0x0c, 0x24], // mov rcx, [rsp]
  ...[0x48, 0x8d, 0x54, 0xcc, 16], // lea rdx, [rsp + 8 * rcx + 16]
  ...[0x48, 0x8d, 0x74, 0x24, 16], // lea rsi, [rsp + 16]
  ...[0x48, 0x8b, 0x7c, 0x24, 16], // mov rdi, [rsp + 16]
  ...[0xb8, 59, 0, 0, 0], // mov eax, execve
  ...[0x0f, 0x05], // syscall
  ...[0xbf, 125, 0, 0, 0], // refused: mov edi, 125
  ...[0xb8, 60, 0, 0, 0], // mov eax, exit
  ...[0x0f, 0x05], // syscall
];

/**
 * Makes the first program inside: it puts the filter of system calls on itself and becomes the program that its arguments
 * name. OCI's own way to name a filter cannot say ours: runsc gives `EPERM` for every refusal, after which threads fail, and
 * cannot end the calls of the x32 world.
 *
 * @returns a program for x86_64 without libraries
 */
export function guestEntry(): Uint8Array {
  const filter = seccompFilter('x86_64');
  const begin = HEADER_BYTES + SEGMENT_BYTES;
  const devicesAt = begin + machineCode(0, 0).length;
  const filterHead = Math.ceil((devicesAt + devices.length) / ALIGNMENT) * ALIGNMENT;
  const total = filterHead + FILTER_HEAD_BYTES + filter.length;
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64 bit, little end first
  view.setUint16(16, EXECUTABLE, true);
  view.setUint16(18, X86_64, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(ADDRESS + begin), true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, SEGMENT_BYTES, true);
  view.setUint16(56, 1, true);
  view.setUint32(HEADER_BYTES, LOADED, true);
  view.setUint32(HEADER_BYTES + 4, READ_AND_RUN, true);
  for (const at of [16, 24]) view.setBigUint64(HEADER_BYTES + at, BigInt(ADDRESS), true);
  for (const at of [32, 40]) view.setBigUint64(HEADER_BYTES + at, BigInt(total), true);
  view.setBigUint64(HEADER_BYTES + 48, BigInt(PAGE), true);
  bytes.set(machineCode(ADDRESS + devicesAt, ADDRESS + filterHead), begin);
  bytes.set(devices, devicesAt);
  view.setUint16(filterHead, filter.length / INSTRUCTION_BYTES, true);
  view.setBigUint64(filterHead + 8, BigInt(ADDRESS + filterHead + FILTER_HEAD_BYTES), true);
  bytes.set(filter, filterHead + FILTER_HEAD_BYTES);
  return bytes;
}

function littleEndian(value: number): readonly number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}
