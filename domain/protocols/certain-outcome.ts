import { castOf, greatestOf, openPoll, sumOf, supportFor, supportOf, vetoedOf } from './poll.ts';
import type { Poll } from './poll.ts';
import type {
  Ballot,
  Choice,
  Electorate,
  Protocol,
  QuorumProtocol,
  RankedProtocol,
  SupermajorityProtocol,
  Tally,
} from './protocol.ts';
import { rankingCount, rankingsOf } from './rankings.ts';
import { pairwisePreferences, powerOver } from './schulze.ts';
import { allPower, isSupermajority, rankedVotes, tallyPoll } from './tally.ts';

/** Completions of ranked ballots that are tried one by one. */
const completionsMax = 1024;

/**
 * Tells the outcome as soon as no outstanding seat can change it, else undefined.
 *
 * The same outcome is the same option, or no decision for the same reason; its counts may still grow.
 * Outstanding seats may abstain or cast any valid ballot, with new options unless the electorate is
 * closed. The answer is exact (certain whenever it is true) for all protocols but `ranked`. There it is
 * always sound, and exact for a closed question when the ballots still to come can be completed in at
 * most 1,024 ways (six seats for two options, three for three, one for four or five); else certainty is
 * told only of a winner by so much that the outstanding power cannot reach it: more than half of all
 * first places (instant run-off), or every pairwise margin (Schulze).
 *
 * Options must keep their names: answers that a model may yet merge into one option prove nothing.
 *
 * @throws Error as `tally` does.
 */
export function certainOutcome(
  protocol: Protocol,
  ballots: readonly Ballot[],
  electorate: Electorate,
): Tally | undefined {
  const poll = openPoll(protocol, ballots, electorate);
  const outcome = tallyPoll(protocol, poll);
  return poll.outstanding.length === 0 || isCertain(protocol, poll, outcome) ? outcome : undefined;
}

function isCertain(protocol: Protocol, poll: Poll, outcome: Tally): boolean {
  switch (protocol.kind) {
    case 'plurality':
    case 'weighted':
    case 'approval':
      return outcome.kind === 'decided' && isOutOfReach(poll, outcome.option);
    case 'ranked':
      return isRankedCertain(protocol, poll, outcome);
    case 'quorum':
      return isQuorumCertain(protocol, poll, outcome);
    case 'supermajority':
      return isSupermajorityCertain(protocol, poll, outcome);
    case 'unanimity':
      return greatestOf([...supportOf(poll).values()]) < BigInt(poll.votes.length);
    case 'judge':
      return poll.judgement !== undefined;
  }
}

/** Whether no rival, known or new, can draw level with an option. A tie is broken by any one vote. */
function isOutOfReach(poll: Poll, option: string): boolean {
  const rivals = [...supportOf(poll)]
    .filter(([other]) => other !== option)
    .map(([, units]) => units);
  if (rivals.length === 0 && !poll.canGrow) return true;
  return greatestOf(rivals) + sumOf(poll.outstanding) < supportFor(poll, option);
}

function isQuorumCertain(protocol: QuorumProtocol, poll: Poll, outcome: Tally): boolean {
  if (outcome.kind === 'decided')
    return protocol.veto !== true && isOutOfReach(poll, outcome.option);
  if (outcome.reason === 'tie') return false;
  // A vetoed option that fills up turns "no-quorum" into "veto", but leaves "veto" as it is.
  const harmless = outcome.reason === 'veto' ? vetoedOf(poll) : new Set();
  const harmful = [...supportOf(poll)].filter(([option]) => !harmless.has(option));
  if (harmful.length === 0 && !poll.canGrow) return true;
  const best = greatestOf(harmful.map(([, heads]) => heads)) + sumOf(poll.outstanding);
  return best < BigInt(protocol.required);
}

function isSupermajorityCertain(
  { share, of }: SupermajorityProtocol,
  poll: Poll,
  outcome: Tally,
): boolean {
  const rest = sumOf(poll.outstanding);
  const total = of === 'seats' ? allPower(poll) : castOf(poll) + rest;
  if (outcome.kind === 'no-decision')
    return !isSupermajority(share, greatestOf([...supportOf(poll).values()]) + rest, total);
  const hasRivals = poll.canGrow || poll.options.length > 1;
  return !hasRivals || isSupermajority(share, supportFor(poll, outcome.option), total);
}

function isRankedCertain(protocol: RankedProtocol, poll: Poll, outcome: Tally): boolean {
  if (
    !poll.canGrow &&
    rankingCount(poll.options.length) ** poll.outstanding.length <= completionsMax
  )
    return holdsInEveryCompletion(protocol, poll, outcome);
  if (outcome.kind === 'no-decision') return false;
  return protocol.method === 'schulze'
    ? hasSafeMargins(poll, outcome.option)
    : hasSafeMajority(poll, outcome.option);
}

function hasSafeMajority(poll: Poll, option: string): boolean {
  const firsts = supportFor(poll, option);
  return firsts * 2n > castOf(poll) + sumOf(poll.outstanding);
}

/** An option that is preferred to every other one is the Schulze winner. */
function hasSafeMargins(poll: Poll, winner: string): boolean {
  const newcomers = poll.canGrow ? [''] : []; // no option is empty, so this one is on no ballot
  const options = [...poll.options, ...newcomers];
  const preferences = pairwisePreferences(options, rankedVotes(poll));
  const own = options.indexOf(winner);
  const rest = sumOf(poll.outstanding);
  return options.every((option, rival) => {
    const margin = powerOver(preferences, own, rival) - powerOver(preferences, rival, own);
    return option === winner || margin > rest;
  });
}

function holdsInEveryCompletion(protocol: RankedProtocol, poll: Poll, outcome: Tally): boolean {
  const [units, ...outstanding] = poll.outstanding;
  if (units === undefined) return isSameOutcome(tallyPoll(protocol, poll), outcome);
  return rankingsOf(poll.options).every((options) => {
    const choice: Choice = { kind: 'rank', options }; // an empty ranking counts as an abstention
    const votes = [...poll.votes, { choice, vetoes: [], units }];
    return holdsInEveryCompletion(protocol, { ...poll, votes, outstanding }, outcome);
  });
}

/** Whether two tallies name the same option, or the same reason for no decision. */
export function isSameOutcome(one: Tally, other: Tally): boolean {
  if (one.kind === 'decided') return other.kind === 'decided' && one.option === other.option;
  return other.kind === 'no-decision' && one.reason === other.reason;
}
