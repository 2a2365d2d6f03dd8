import { withoutWhatIf } from '../../domain/replay/changes.ts';
import { compare } from '../../domain/replay/comparison.ts';
import { momentOf } from '../../domain/replay/moment.ts';
import { recordedRun } from '../../domain/replay/recorded-run.ts';
import { replay } from '../../domain/replay/replay.ts';
import { whatIf } from '../../domain/replay/what-if.ts';
import { cryptography } from './cryptography.ts';
import { exitFailed, exitOk } from './exit.ts';
import { readRunFiles, type RunFiles } from './offline-run.ts';
import type { Printer } from './print.ts';
import { pretty } from './printable.ts';
import { comparisonText, momentText, replayText, whatIfText } from './replay-rendering.ts';
import { changesOf, refusal, type WhatIfOptions } from './what-if-options.ts';

/** What every command on the files of a run works with. */
export interface OfflineContext {
  readonly files: RunFiles;
  readonly printer: Printer;
  readonly json: boolean;
}

/**
 * Replays a run from files alone and says whether it comes to the same record.
 *
 * @returns the exit code: 1 where it differs
 * @throws CommandError as `readRunFiles` does
 */
export async function replayFiles({ files, printer, json }: OfflineContext): Promise<number> {
  const result = replay(await readRunFiles(files), cryptography.sha256);
  printer.print(json ? pretty(result) : replayText(result));
  return result.kind === 'equal' ? exitOk : exitFailed;
}

/**
 * Says what would have come out under other rules, from files alone.
 *
 * @returns the exit code: 1 where the record cannot answer
 * @throws CommandError as `readRunFiles` does, and for changes that do not fit the record
 */
export async function whatIfFiles(
  { files, printer, json }: OfflineContext,
  options: WhatIfOptions,
): Promise<number> {
  const changes = changesOf(options);
  const { events, resolve } = await readRunFiles(files);
  const result = whatIf(recordedRun(events, resolve), changes);
  if (result.kind === 'refused') throw refusal(result.faults);
  printer.print(json ? pretty(result) : whatIfText(result));
  return result.kind === 'answered' ? exitOk : exitFailed;
}

/**
 * Shows all protocols over one record, from files alone.
 *
 * @throws CommandError as `readRunFiles` does, and for an analysis
 */
export async function compareFiles({ files, printer, json }: OfflineContext): Promise<void> {
  const { events, resolve } = await readRunFiles(files);
  const recorded = recordedRun(events, resolve);
  const refused = withoutWhatIf(recorded.plan);
  if (refused.length > 0) throw refusal(refused);
  const result = compare(recorded);
  printer.print(json ? pretty(result) : comparisonText(result));
}

/**
 * Shows how a run stood at one moment, from files alone.
 *
 * @throws CommandError as `readRunFiles` does, and for a moment that does not exist
 */
export async function showMoment(
  { files, printer, json }: OfflineContext,
  asked: { readonly seq?: number; readonly at?: string },
): Promise<void> {
  const { events, resolve } = await readRunFiles(files);
  const result = momentOf(events, asked, resolve);
  if (!result.ok) throw refusal(result.faults);
  printer.print(json ? pretty(result.moment) : momentText(result.moment));
}
