import type { Protocol } from '../protocols/protocol.ts';
import { withoutWhatIf } from './changes.ts';
import type { RecordedRun } from './recorded-run.ts';
import { isSameJson } from './same-json.ts';
import { outcomeInWords, replayUnder, type WhatIf } from './what-if.ts';

/** One protocol over one record. */
export interface ComparisonRow {
  readonly protocol: Protocol;
  /** Whether it is the one that the run had. */
  readonly isOriginal: boolean;
  readonly result: WhatIf;
}

/** All protocols over one record. */
export interface Comparison {
  /** The recorded outcome in words: the winning answer, or the reason why there is none. */
  readonly outcome: string;
  readonly rows: readonly ComparisonRow[];
}

const twoThirds = 2 / 3;

/**
 * Counts the replies of a run under every protocol. Quorums ask for more than half of the seats, a super-majority for two
 * thirds of the votes cast; the run's own protocol comes first, with its own settings.
 *
 * @param recorded - a run that has ended; of an analysis there is nothing to count, see `withoutWhatIf`
 */
export function compare(recorded: RecordedRun): Comparison {
  const { run, plan } = recorded;
  const usual: readonly Protocol[] = [
    { kind: 'plurality' },
    { kind: 'weighted' },
    { kind: 'approval' },
    { kind: 'ranked', method: 'schulze' },
    { kind: 'ranked', method: 'instant-runoff' },
    { kind: 'quorum', required: Math.floor(plan.seats.length / 2) + 1 },
    { kind: 'supermajority', share: twoThirds },
    { kind: 'unanimity' },
    { kind: 'judge' },
  ];
  if (withoutWhatIf(plan).length > 0) return { outcome: outcomeInWords(run), rows: [] };
  // Where the weights came from is no other protocol: they are in the plan either way.
  const rule = (protocol: Protocol): object => ({ ...protocol, by: 'plan' });
  const others = usual.filter((protocol) => !isSameJson(rule(protocol), rule(plan.protocol)));
  const rows = [plan.protocol, ...others].map((protocol, index): ComparisonRow => {
    const wanted = { plan: { ...plan, protocol }, leftOut: new Set<string>(), changes: {} };
    return { protocol, isOriginal: index === 0, result: replayUnder(recorded, wanted) };
  });
  return { outcome: outcomeInWords(run), rows };
}
