import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Adapter, AdapterDescription } from '../../domain/providers/adapter.ts';
import { readAdapter, type AdapterReading } from '../../domain/providers/adapter-reading.ts';

/** An adapter that is loaded in this process. */
export interface LoadedAdapter {
  readonly adapter: Adapter;
  /** Where it came from. */
  readonly module: string;
  readonly description: AdapterDescription;
}

/** What loading came to: all adapters, or everything that is wrong, each line naming the module. */
export type LoadedAdapters =
  | { readonly ok: true; readonly adapters: readonly LoadedAdapter[] }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Longest that a module may take to load, milliseconds. */
const loadTimeoutMs = 30_000;

/** Most characters of an error's message that are repeated. */
const messageMax = 300;

/**
 * Loads adapters into this process, in order. It runs code that is not ours, with all rights of the process.
 *
 * @param modules - absolute paths, and names of packages that are installed beside this project
 */
export async function loadAdapters(modules: readonly string[]): Promise<LoadedAdapters> {
  const adapters: LoadedAdapter[] = [];
  const faults: string[] = [];
  for (const module of modules) {
    const reading = await loadAdapter(module);
    if (!reading.ok) {
      faults.push(...reading.faults.map((fault) => `${module}: ${fault}`));
      continue;
    }
    const { adapter } = reading;
    const { name, version, contract, baseUrl, capabilities } = adapter;
    const earlier = adapters.find(({ description }) => description.name === name);
    if (earlier !== undefined) {
      const taken = `one that ${earlier.module} has not taken`;
      faults.push(`${module}: name: got "${name}", expected ${taken}`);
    }
    const description = { name, version, contract, baseUrl, capabilities };
    adapters.push({ adapter, module, description });
  }
  return faults.length === 0 ? { ok: true, adapters } : { ok: false, faults };
}

async function loadAdapter(
  module: string,
): Promise<
  Extract<AdapterReading, { ok: true }> | { readonly ok: false; readonly faults: readonly string[] }
> {
  try {
    const specifier = isAbsolute(module) ? pathToFileURL(module).href : module;
    const exports = await inTime(import(specifier) as Promise<Record<string, unknown>>);
    const reading = readAdapter(exports);
    if (reading.ok) return reading;
    const faults = reading.faults.map(
      ({ field, got, expected }) => `${field}: got ${got}, expected ${expected}`,
    );
    return { ok: false, faults };
  } catch (error) {
    return { ok: false, faults: [`got ${toldOf(error)}, expected a module that loads`] };
  }
}

/** A module that waits for something at its top level may wait for ever. */
async function inTime<T>(loading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`nothing within ${loadTimeoutMs / 1000} s`));
    }, loadTimeoutMs);
  });
  try {
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}

function toldOf(error: unknown): string {
  const { name, message } = (error ?? {}) as {
    readonly name?: unknown;
    readonly message?: unknown;
  };
  if (typeof name !== 'string' || typeof message !== 'string') {
    return 'something thrown that is no error';
  }
  const [line = ''] = message.split('\n');
  return `${name}: ${line.slice(0, messageMax)}`;
}
