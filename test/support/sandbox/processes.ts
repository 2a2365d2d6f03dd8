import { readFileSync, readdirSync, statSync } from 'node:fs';

/** A process of this machine. */
export interface HostProcess {
  readonly pid: number;
  readonly uid: number;
  /** What it was started with, or calls itself; none once it has ended. */
  readonly words: readonly string[];
}

/** Lists every process of this machine that some words were given to. */
export function hostProcesses(): HostProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1);
        const { uid } = statSync(`/proc/${name}`);
        return words.length === 0 ? [] : [{ pid: Number(name), uid, words }];
      } catch {
        return []; // it ended between the two looks
      }
    });
}

/** Those whose first word is a given one. */
export function processesNamed(name: string): HostProcess[] {
  return hostProcesses().filter(({ words }) => words[0] === name);
}
