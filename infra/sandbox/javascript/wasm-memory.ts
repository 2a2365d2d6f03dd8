/** A wasm module that takes its memory from outside, with what it needs of it. */
export interface ImportingModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Pages of 64 KiB that the memory must have at the start. */
  readonly initialPages: number;
}

/** Where the module looks for its memory among its imports. */
export const memoryImport = { module: 'wasi_snapshot_preview1', name: 'memory' } as const;

const headerBytes = 8;
const importSection = 2;
const memorySection = 5;
const exportSection = 7;
const memoryKind = 2;

/**
 * Rewrites a wasm module so that it imports its memory instead of making it. A module built without a maximum
 * lets its memory grow to 4 GiB; a memory that is handed in has a maximum of the giver's choice, for every
 * instance another, without compiling again.
 *
 * @param bytes - a module with one memory and at least one import
 * @returns the same module, importing its memory as {@link memoryImport}
 * @throws Error when the module is not of that shape
 */
export function importMemory(bytes: Uint8Array): ImportingModule {
  const parts: Uint8Array[] = [bytes.subarray(0, headerBytes)];
  let initialPages: number | undefined;
  let hasImports = false;
  for (const section of sectionsOf(bytes)) {
    if (section.id === memorySection) initialPages = pagesOf(section.body);
    else if (section.id === importSection) hasImports = parts.push(withMemory(section.body)) > 0;
    else parts.push(section.whole);
  }
  if (initialPages === undefined) throw new Error('wasm module: got no memory, expected one');
  if (!hasImports) throw new Error('wasm module: got no imports, expected at least one');
  return { bytes: joined(parts), initialPages };
}

/**
 * Takes exports out of a wasm module: each one that is left costs every instance an object of its own.
 *
 * @param bytes - a module
 * @param isUsed - whether an export of that name stays
 * @returns the same module with fewer exports
 */
export function keepExports(
  bytes: Uint8Array,
  isUsed: (name: string) => boolean,
): Uint8Array<ArrayBuffer> {
  const parts = [bytes.subarray(0, headerBytes)];
  for (const { id, body, whole } of sectionsOf(bytes)) {
    if (id !== exportSection) {
      parts.push(whole);
      continue;
    }
    const kept = exportsOf(body).filter(({ name }) => isUsed(name));
    const fewer = joined([written(kept.length), ...kept.map((each) => each.whole)]);
    parts.push(Uint8Array.of(exportSection), written(fewer.length), fewer);
  }
  return joined(parts);
}

function exportsOf(body: Uint8Array): { readonly name: string; readonly whole: Uint8Array }[] {
  const count = readNumber(body, 0);
  const found: { name: string; whole: Uint8Array }[] = [];
  let at = count.next;
  for (let index = 0; index < count.value; index++) {
    const length = readNumber(body, at);
    const nameEnd = length.next + length.value;
    const name = new TextDecoder().decode(body.subarray(length.next, nameEnd));
    const { next } = readNumber(body, nameEnd + 1); // behind the kind, which is one byte
    found.push({ name, whole: body.subarray(at, next) });
    at = next;
  }
  return found;
}

interface Section {
  readonly id: number;
  readonly body: Uint8Array;
  readonly whole: Uint8Array;
}

function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  let at = headerBytes;
  while (at < bytes.length) {
    const length = readNumber(bytes, at + 1);
    const end = length.next + length.value;
    if (end > bytes.length) throw new Error(`wasm module: section at ${at} ends beyond the file`);
    yield {
      id: bytes[at] ?? 0,
      body: bytes.subarray(length.next, end),
      whole: bytes.subarray(at, end),
    };
    at = end;
  }
}

function pagesOf(memories: Uint8Array): number {
  const count = readNumber(memories, 0);
  if (count.value !== 1) throw new Error(`wasm module: got ${count.value} memories, expected 1`);
  return readNumber(memories, count.next + 1).value;
}

/** The import section with one entry more; a memory of any maximum fits an import that names none. */
function withMemory(imports: Uint8Array): Uint8Array {
  const count = readNumber(imports, 0);
  const body = joined([
    written(count.value + 1),
    imports.subarray(count.next),
    named(memoryImport.module),
    named(memoryImport.name),
    Uint8Array.of(memoryKind, 0, 0),
  ]);
  return joined([Uint8Array.of(importSection), written(body.length), body]);
}

function named(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return joined([written(bytes.length), bytes]);
}

const continues = 0x80;

function readNumber(bytes: Uint8Array, from: number): { value: number; next: number } {
  let value = 0;
  let factor = 1;
  for (let at = from; at < from + 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte % continues) * factor;
    factor *= continues;
    if (byte < continues) return { value, next: at + 1 };
  }
  throw new Error(`wasm module: got no number at ${from}`);
}

function written(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= continues; rest = Math.floor(rest / continues)) {
    bytes.push((rest % continues) + continues);
  }
  return Uint8Array.from([...bytes, rest]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
