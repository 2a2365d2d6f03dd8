import { compareCodePoints } from './code-point-order.ts';
import { instantRunoffWinners } from './instant-runoff.ts';
import { castOf, greatestOf, openPoll, sumOf, supportOf, vetoedOf } from './poll.ts';
import type { Poll } from './poll.ts';
import type {
  Ballot,
  Count,
  Electorate,
  Protocol,
  QuorumProtocol,
  RankedProtocol,
  SupermajorityProtocol,
  Tally,
  UndecidedReason,
} from './protocol.ts';
import { schulzeRanking } from './schulze.ts';
import type { RankedVote } from './schulze.ts';
import { optionsOf } from './validity.ts';
import { weightOf } from './weight.ts';

/**
 * Turns ballots into an outcome; seats without a ballot count as abstaining.
 *
 * The order of ballots, options and seats and the names of seats change nothing, and the names of
 * options no more than the order of equal counts. Without a single vote the reason is `no-quorum`.
 *
 * @throws Error when `protocolFault` or `ballotFault` finds a fault, or a seat votes twice.
 */
export function tally(
  protocol: Protocol,
  ballots: readonly Ballot[],
  electorate: Electorate,
): Tally {
  return tallyPoll(protocol, openPoll(protocol, ballots, electorate));
}

type Verdict =
  | { readonly kind: 'decided'; readonly option: string; readonly explanation: string }
  | {
      readonly kind: 'no-decision';
      readonly reason: UndecidedReason;
      readonly tied?: readonly string[];
      readonly explanation: string;
    };

/** Does the work of `tally` on a poll that is already open. */
export function tallyPoll(protocol: Protocol, poll: Poll): Tally {
  return { ...verdict(protocol, poll), counts: countsOf(poll), method: methodOf(protocol) };
}

function verdict(protocol: Protocol, poll: Poll): Verdict {
  switch (protocol.kind) {
    case 'plurality':
    case 'weighted':
    case 'approval':
      return greatestSupport(poll);
    case 'ranked':
      return rankedVerdict(protocol, poll);
    case 'quorum':
      return quorumVerdict(protocol, poll);
    case 'supermajority':
      return supermajorityVerdict(protocol, poll);
    case 'unanimity':
      return unanimousVerdict(poll);
    case 'judge':
      return judgedVerdict(poll);
  }
}

function greatestSupport(poll: Poll): Verdict {
  const most = greatestOf([...supportOf(poll).values()]);
  if (most === 0n) return nobodyVoted;
  return decideAmong(
    poll.options.filter((option) => supportOf(poll).get(option) === most),
    (option) =>
      `${quoted(option)} has the most, ${amount(poll, most)} of ${amount(poll, castOf(poll))}`,
  );
}

function rankedVerdict({ method }: RankedProtocol, poll: Poll): Verdict {
  const votes = rankedVotes(poll);
  if (votes.length === 0) return nobodyVoted;
  if (method === 'instant-runoff')
    return decideAmong(
      instantRunoffWinners(poll.options, votes),
      (option) => `${quoted(option)} has more than half of the ballots still in play`,
    );
  const ranking = schulzeRanking(poll.options, votes);
  return decideAmong(
    ranking.slice(0, 1).flat(),
    () => `by strongest paths ${ranking.map((group) => group.map(quoted).join(' = ')).join(' > ')}`,
  );
}

/** Rankings of a poll with their power, abstentions left out. */
export function rankedVotes(poll: Poll): readonly RankedVote[] {
  return poll.votes
    .map(({ choice, units }) => ({ ranking: optionsOf(choice), units }))
    .filter(({ ranking }) => ranking.length > 0);
}

function quorumVerdict({ required }: QuorumProtocol, poll: Poll): Verdict {
  const vetoed = vetoedOf(poll);
  const reaching = [...supportOf(poll)].filter(([, heads]) => heads >= BigInt(required));
  const allowed = reaching.filter(([option]) => !vetoed.has(option));
  const most = greatestOf(allowed.map(([, heads]) => heads));
  if (allowed.length > 0)
    return decideAmong(
      allowed.filter(([, heads]) => heads === most).map(([option]) => option),
      (option) => `${quoted(option)} has ${most} votes of the ${required} required`,
    );
  if (reaching.length > 0)
    return undecided('veto', `${listed(reaching.map(([option]) => option))} met a veto`);
  return undecided('no-quorum', `no option has the ${required} votes required`);
}

function supermajorityVerdict(protocol: SupermajorityProtocol, poll: Poll): Verdict {
  const base = protocol.of === 'seats' ? allPower(poll) : castOf(poll);
  const passing = [...supportOf(poll)].find(([, support]) =>
    isSupermajority(protocol.share, support, base),
  );
  const limit = protocol.share === 0.5 ? 'more than 0.5' : String(rounded(protocol.share));
  const measure = `${limit} of ${amount(poll, base)}`;
  if (passing === undefined)
    return undecided('no-quorum', `no option has the share required, ${measure}`);
  const [option, support] = passing;
  return decided(option, `${quoted(option)} has ${amount(poll, support)}, required ${measure}`);
}

/** A share as a person reads it: two thirds are 0.667. */
function rounded(share: number): number {
  return Number(share.toFixed(3));
}

const sharePrecision = 1_000_000_000n;

/**
 * Whether support reaches a share of a total and is more than half of it.
 *
 * The share is rounded down to nine decimals, so that 5/6, which as a binary fraction is a little more
 * than five sixths, is reached by five of six.
 */
export function isSupermajority(share: number, support: bigint, total: bigint): boolean {
  const parts = BigInt(Math.floor(share * Number(sharePrecision)));
  return support * sharePrecision >= parts * total && support * 2n > total;
}

/** Power of all seats, with a ballot or without. */
export function allPower(poll: Poll): bigint {
  return sumOf([...poll.votes.map((vote) => vote.units), ...poll.outstanding]);
}

function unanimousVerdict(poll: Poll): Verdict {
  const all = allPower(poll);
  const chosen = [...supportOf(poll)].find(([, heads]) => heads === all);
  if (chosen === undefined) return undecided('no-quorum', `no option has all ${all} seats`);
  return decided(chosen[0], `${quoted(chosen[0])} has all ${all} seats`);
}

function judgedVerdict({ judgement }: Poll): Verdict {
  if (judgement?.kind === 'single')
    return decided(judgement.option, `the judge chose ${quoted(judgement.option)}`);
  return undecided('no-quorum', 'the judge chose no option');
}

const nobodyVoted = undecided('no-quorum', 'nobody voted for an option');

function decideAmong(best: readonly string[], explain: (option: string) => string): Verdict {
  const [option, ...others] = best;
  if (option !== undefined && others.length === 0) return decided(option, explain(option));
  return { ...undecided('tie', `${listed(best)} are equal`), tied: best };
}

function decided(option: string, explanation: string): Verdict {
  return { kind: 'decided', option, explanation };
}

function undecided(
  reason: UndecidedReason,
  explanation: string,
): Extract<Verdict, { kind: 'no-decision' }> {
  return { kind: 'no-decision', reason, explanation };
}

function countsOf(poll: Poll): readonly Count[] {
  return [...supportOf(poll)]
    .sort(([one, ones], [other, others]) =>
      ones === others ? compareCodePoints(one, other) : Number(others > ones) * 2 - 1,
    )
    .map(([option, units]) => ({ option, votes: weightOf(units, poll.exponent) }));
}

function methodOf(protocol: Protocol): string {
  if (protocol.kind !== 'ranked') return protocol.kind;
  return protocol.method === 'schulze' ? 'ranked, Schulze' : 'ranked, instant run-off';
}

function amount(poll: Poll, units: bigint): string {
  return String(weightOf(units, poll.exponent));
}

function quoted(option: string): string {
  return JSON.stringify(option);
}

function listed(options: readonly string[]): string {
  return options.map(quoted).join(', ');
}
