import type { Command } from 'commander';

import { collected, numberOf, timeOf } from './option-values.ts';
import type { Printer } from './print.ts';
import * as offline from './replay-commands.ts';
import type { WhatIfOptions } from './what-if-options.ts';

interface FileOptions {
  readonly events: string;
  readonly key?: string;
  readonly json?: boolean;
}

/** Adds the commands that replay a run, and ask what-ifs of it, from its files: none needs a server. */
export function addReplays(
  program: Command,
  printer: Printer,
  outcome: { exitCode: number },
): void {
  const contextOf = (record: string, options: FileOptions): offline.OfflineContext => {
    const { events, key, json = false } = options;
    const files = { record, events, ...(key === undefined ? {} : { key }) };
    return { files, printer, json };
  };
  onFiles(program, 'replay', 'let the machine decide a run again; needs no server').action(
    async (file: string, options: FileOptions) => {
      outcome.exitCode = await offline.replayFiles(contextOf(file, options));
    },
  );
  addWhatIf(program).action(async (file: string, options: FileOptions & WhatIfOptions) => {
    outcome.exitCode = await offline.whatIfFiles(contextOf(file, options), options);
  });
  onFiles(program, 'compare', 'count a record under every protocol; needs no server').action(
    async (file: string, options: FileOptions) => {
      await offline.compareFiles(contextOf(file, options));
    },
  );
  onFiles(program, 'state', 'show a run as it was at one moment; needs no server')
    .option('--seq <n>', 'after this event', numberOf)
    .option('--at <time>', 'at this time, RFC 3339', timeOf)
    .action(
      async (
        file: string,
        options: FileOptions & { readonly seq?: number; readonly at?: string },
      ) => {
        await offline.showMoment(contextOf(file, options), options);
      },
    );
}

function addWhatIf(program: Command): Command {
  return onFiles(
    program,
    'what-if',
    'ask what would have come out under other rules; needs no server',
  )
    .option('--protocol <kind>', 'another way of counting: a name, or JSON')
    .option('--quorum <n>', 'a quorum of that many seats', numberOf)
    .option('--weight <seat=weight>', 'another weight; repeat for each seat', collected)
    .option('--without-agent <name>', 'leave an agent out with all its seats; repeat', collected)
    .option('--rounds <n>', 'most rounds, 1 to 5', numberOf)
    .option('--stop-on-stability', 'end when nobody moves any more')
    .option('--no-stop-on-stability', 'go on when nobody moves any more')
    .option('--gate <gate>', 'another gate: on, off, or thresholds as JSON');
}

function onFiles(program: Command, name: string, description: string): Command {
  return program
    .command(`${name} <file>`)
    .description(description)
    .requiredOption('--events <file>', 'events of the record: JSON array, pages, or JSONL')
    .option('--key <file>', 'public keys that you trust, as for verify')
    .option('--json', 'answer as JSON');
}
