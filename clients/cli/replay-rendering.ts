import type { Protocol } from '../../domain/protocols/protocol.ts';
import type { Comparison, ComparisonRow } from '../../domain/replay/comparison.ts';
import type { Moment } from '../../domain/replay/moment.ts';
import type { Replay } from '../../domain/replay/replay.ts';
import type { Missing, WhatIf, WhatIfDifference } from '../../domain/replay/what-if.ts';
import { choiceText, counted, decisionText, shortened, table } from './rendering.ts';

/** Says what a replay came to. */
export function replayText(replay: Replay): string {
  if (replay.kind === 'different') return `DIFFERENT  ${replay.difference.message}`;
  const { events, decided } = replay;
  return `equal: ${counted(events, 'event')} replayed, ${counted(decided, 'decision')} of the machine taken again, the record is the same byte by byte`;
}

/** Shows a what-if: its decision and how it differs, or what is missing. */
export function whatIfText(result: WhatIf): string {
  const notes = result.notes.map((note) => `note: ${note}`);
  if (result.kind === 'answered') {
    return [decisionText(result.decision), ...differenceLines(result.difference), ...notes].join(
      '\n',
    );
  }
  const rows = result.missing.map((missing) => `  ${neededText(missing)}: ${missing.reason}`);
  return ['cannot be answered: replies are needed that were never given', ...rows, ...notes].join(
    '\n',
  );
}

function neededText(missing: Missing): string {
  return 'approval' in missing ? missing.approval : `${missing.turn} of ${missing.agent}`;
}

function firstText(missing: Missing | undefined): string {
  const name = missing !== undefined && 'approval' in missing ? missing.approval : missing?.turn;
  return `${String(name)}: ${String(missing?.reason)}`;
}

function differenceLines(difference: WhatIfDifference): readonly string[] {
  const { isSameOutcome, from, to, votes, calls, tokens, usd } = difference;
  const outcome = isSameOutcome
    ? 'the outcome stays the same'
    : `the outcome changes from ${shortened(from)} to ${shortened(to)}`;
  const cost = `${signed(calls)} calls, ${signed(tokens)} tokens, ${signed(usd)} USD`;
  return [
    outcome,
    ...votes.map((vote) => `  ${vote.seat}: ${voteText(vote.from)} -> ${voteText(vote.to)}`),
    `against what was paid: ${cost}`,
  ];
}

function voteText(choice: string | readonly string[] | null): string {
  return choice === null ? 'no vote' : shortened(choiceText(choice));
}

function signed(value: number | null): string {
  if (value === null) return 'unknown';
  return value > 0 ? `+${String(value)}` : String(value);
}

/** Shows all protocols over one record as a table. */
export function comparisonText({ outcome, rows }: Comparison): string {
  const head = ['protocol', 'same outcome', 'outcome, or why there is none'];
  const lines = rows.map((row) => [
    `${row.isOriginal ? '* ' : '  '}${protocolText(row.protocol)}`,
    sameText(row),
    outcomeText(row),
  ]);
  return [`recorded: ${shortened(outcome)}`, table([head, ...lines]), '* as it was run'].join('\n');
}

function protocolText(protocol: Protocol): string {
  const { kind, ...settings } = protocol;
  const values = Object.entries(settings as Readonly<Record<string, unknown>>).map(
    ([name, value]) => {
      const shown = typeof value === 'number' ? Number(value.toFixed(3)) : value;
      return `${name} ${String(shown)}`;
    },
  );
  return values.length === 0 ? kind : `${kind} (${values.join(', ')})`;
}

function sameText({ result }: ComparisonRow): string {
  if (result.kind === 'unanswerable') return '-';
  return result.difference.isSameOutcome ? 'yes' : 'no';
}

function outcomeText({ result }: ComparisonRow): string {
  if (result.kind === 'answered') {
    return `${shortened(result.difference.to)} (${shortened(result.decision.explanation)})`;
  }
  const [first] = result.missing;
  return `cannot be answered: ${result.missing.length === 1 ? '1 reply was' : `${String(result.missing.length)} replies were`} never given; ${firstText(first)}`;
}

/** Shows how a run stood at one moment. */
export function momentText(moment: Moment): string {
  const { seq, events, time, status, round, pass, tally, budget } = moment;
  const { spent, limits, share } = budget;
  return [
    `event ${String(seq)} of ${String(events)}, ${time}: ${status}, round ${String(round)}`,
    pass === null
      ? 'between passes'
      : `${pass.phase}: answered ${listed(pass.answered)}; outstanding ${listed(pass.outstanding)}`,
    ...(moment.parts ?? []).map(
      ({ part, kind, state, question, answer }) =>
        `  ${part} ${kind}, ${state}: ${shortened(answer ?? question)}`,
    ),
    ...moment.positions.map(({ seat, agent, answer }) => `  ${seat} ${agent}: ${voteText(answer)}`),
    tally === null
      ? 'no votes yet'
      : `votes so far (${tally.method}): ${tally.answer === null ? `no decision (${String(tally.reason)})` : shortened(tally.answer)}`,
    ...(tally?.counts ?? []).map(({ answer, votes }) => `  ${shortened(answer)}: ${String(votes)}`),
    `spent: ${String(spent.tokens)} tokens of ${limitText(limits.tokens)}, ${String(spent.usd)} USD of ${limitText(limits.microsUsd === null ? null : limits.microsUsd / microsPerUsd)}, ${counted(spent.calls, 'call')}; ${(share * 100).toFixed(1)} % of the budget`,
  ].join('\n');
}

const microsPerUsd = 1_000_000;

function listed(seats: readonly string[]): string {
  return seats.length === 0 ? 'nobody' : seats.join(', ');
}

function limitText(limit: number | null): string {
  return limit === null ? 'no limit' : String(limit);
}
