import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { processTree } from '../../../infra/sandbox/process-tree.ts';
import { slotName } from '../../../infra/sandbox/slots.ts';
import { hostProcesses, processesNamed } from '../../support/sandbox/processes.ts';
import type { HostProcess } from '../../support/sandbox/processes.ts';

/** Names the slots of a sandbox that are in its folder now. */
export function slotsOf(folder: string): string[] {
  const slots = join(folder, 'slots');
  return readdirSync(slots).map((slot) => slotName(join(slots, slot)));
}

/** Lists the processes that bear the name of one of these slots. */
export function processesOf(slots: readonly string[]): HostProcess[] {
  return hostProcesses().filter(({ words }) => words.some((word) => slots.includes(word)));
}

/** Lists the processes of that name in what a sandbox runs: other sandboxes of this process have theirs beside them. */
export function processesInside(folder: string, name: string): number[] {
  const inside = new Set(processesOf(slotsOf(folder)).flatMap(({ pid }) => processTree(pid)));
  return processesNamed(name).flatMap(({ pid }) => (inside.has(pid) ? [pid] : []));
}
