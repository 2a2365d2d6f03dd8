import { budgetThresholds, type BudgetThreshold, type Directives } from '../collaboration/fact.ts';
import type { BudgetLimits } from '../collaboration/plan.ts';
import type { Amount } from '../planning/estimate.ts';
import type { Protocol } from '../protocols/protocol.ts';

/** What counts against limits, in whole tokens and micro-dollars. */
export interface Spending {
  readonly tokens: number;
  readonly microsUsd: number;
}

/** A budget and what was taken from it. Calls hold their upper bound while they run, then count what they used. */
export interface Account {
  readonly limits: BudgetLimits;
  /** Held by calls in flight. */
  readonly reserved: Spending;
  /** Used by calls that ended. */
  readonly settled: Spending;
  /** Calls that ended with unknown tokens or money; they count as what they held. */
  readonly unknownCalls: number;
}

/** What a call used, as far as it is known. */
export interface Used {
  readonly tokens: number | null;
  readonly microsUsd: number | null;
}

/** Whether there was room; `left` is what could still be held. */
export type Reservation =
  | { readonly kind: 'reserved'; readonly account: Account }
  | { readonly kind: 'refused'; readonly left: BudgetLimits };

const nothing: Spending = { tokens: 0, microsUsd: 0 };

/** Opens an account from which nothing was taken. */
export function openAccount(limits: BudgetLimits): Account {
  return { limits, reserved: nothing, settled: nothing, unknownCalls: 0 };
}

/**
 * Holds an amount for a call, if it fits beside all that is held and used. Afterwards neither limit is exceeded.
 *
 * @param account - the budget as it stands
 * @param amount - upper bound of the call; money of an unknown price counts as none, since nothing is known of it
 */
export function reserve(account: Account, amount: Amount): Reservation {
  const reserved = plus(account.reserved, spendingOf(amount));
  const { tokens, microsUsd } = plus(reserved, account.settled);
  const { limits } = account;
  const fits = tokens <= (limits.tokens ?? Infinity) && microsUsd <= (limits.microsUsd ?? Infinity);
  return fits
    ? { kind: 'reserved', account: { ...account, reserved } }
    : { kind: 'refused', left: leftOf(account) };
}

/**
 * Lets go of what a call held and counts what it used.
 *
 * What is unknown counts as what was held. A call may have used more than it held; it was paid, so it counts.
 *
 * @param account - the budget as it stands
 * @param held - the amount that was reserved for the call
 * @param used - what the call used; zero for one that was never made
 */
export function settle(account: Account, held: Amount, used: Used): Account {
  const isUnknown = used.tokens === null || used.microsUsd === null;
  return {
    limits: account.limits,
    reserved: minus(account.reserved, spendingOf(held)),
    settled: plus(account.settled, chargedFor(held, used)),
    unknownCalls: account.unknownCalls + (isUnknown ? 1 : 0),
  };
}

/**
 * Says what a call counts against the budget.
 *
 * @param held - the amount that was reserved for the call
 * @param used - what the call used, as far as it is known
 */
export function chargedFor(held: Amount, used: Used): Spending {
  const { tokens, microsUsd } = spendingOf(held);
  return { tokens: used.tokens ?? tokens, microsUsd: used.microsUsd ?? microsUsd };
}

/** Says what can still be held; a limit that does not exist leaves `null`, an overspent one 0. */
export function leftOf({ limits, reserved, settled }: Account): BudgetLimits {
  const taken = plus(reserved, settled);
  return {
    tokens: limits.tokens === null ? null : Math.max(0, limits.tokens - taken.tokens),
    microsUsd: limits.microsUsd === null ? null : Math.max(0, limits.microsUsd - taken.microsUsd),
  };
}

function spendingOf({ tokens, microsUsd }: Amount): Spending {
  return { tokens, microsUsd: microsUsd ?? 0 };
}

function plus(one: Spending, other: Spending): Spending {
  return { tokens: one.tokens + other.tokens, microsUsd: one.microsUsd + other.microsUsd };
}

function minus(one: Spending, other: Spending): Spending {
  return { tokens: one.tokens - other.tokens, microsUsd: one.microsUsd - other.microsUsd };
}

/**
 * Says how much of the budget is used, by the limit that is further used up.
 *
 * @param limits - the budget
 * @param spent - what counts against it
 * @returns 0 without limits, 1 at a limit, more beyond it
 */
export function shareOf(limits: BudgetLimits, spent: Spending): number {
  return Math.max(partOf(limits.tokens, spent.tokens), partOf(limits.microsUsd, spent.microsUsd));
}

function partOf(limit: number | null, spent: number): number {
  if (limit === null) return 0;
  return limit > 0 ? spent / limit : 1;
}

/**
 * Finds the thresholds that were crossed and not told yet, lowest first.
 *
 * @param limits - the budget
 * @param spent - what counts against it
 * @param reached - thresholds that were told already
 */
export function thresholdsCrossed(
  limits: BudgetLimits,
  spent: Spending,
  reached: readonly BudgetThreshold[],
): readonly BudgetThreshold[] {
  const share = shareOf(limits, spent);
  return budgetThresholds.filter((percent) => share >= percent / 100 && !reached.includes(percent));
}

/**
 * Says what the state of the budget demands of the next pass: from 80 % a summary for context, from 95 % the last pass.
 * From 90 % there are fewer seats, see `seatsUnderPressure`; at 100 % the run stops.
 *
 * @param share - used part of the budget, 1 for all of it
 */
export function directivesFor(share: number): Directives {
  return { context: share >= 0.8 ? 'summary' : 'full', isLast: share >= 0.95 };
}

/** What decides which seats a decision cannot do without. */
export interface Table {
  readonly protocol?: Protocol;
  /** What each seat holds, by its leading answer; `null` or absent for a seat that holds nothing. */
  readonly standpoints?: Readonly<Record<string, string | null>>;
}

/** From this share on fewer seats are asked. */
const fewerSeatsFrom = 0.9;

/** Fewest seats that are asked. */
const seatsMin = 2;

/**
 * Chooses the seats of the next pass: all of them below 90 % of the budget, half of them, rounded up, from there on.
 *
 * At least two stay, and as many as the protocol needs for a decision. One seat of each standpoint stays before a
 * second of any; among equals the seed decides.
 *
 * @param seats - names of all seats, in any order
 * @param share - used part of the budget, 1 for all of it
 * @param seed - the plan's seed
 * @param table - what the seats are needed for and what they hold
 * @returns the chosen ones in the order of `seats`
 */
export function seatsUnderPressure(
  seats: readonly string[],
  share: number,
  seed: string,
  table: Table = {},
): readonly string[] {
  if (share < fewerSeatsFrom) return seats;
  const half = Math.ceil(seats.length / 2);
  const wanted = Math.max(seatsMin, half, seatsNeeded(table.protocol, seats.length));
  const drawn = seats
    .map((seat) => lot(seed, seat) + seat)
    .toSorted()
    .map((place) => place.slice(lotDigits));
  const chosen = new Set(spread(drawn, table.standpoints ?? {}).slice(0, wanted));
  return seats.filter((seat) => chosen.has(seat));
}

/** Seats without whose votes a protocol cannot come to a decision. */
function seatsNeeded(protocol: Protocol | undefined, seats: number): number {
  if (protocol?.kind === 'quorum') return protocol.required;
  const isOfAll =
    protocol?.kind === 'unanimity' ||
    (protocol?.kind === 'supermajority' && protocol.of === 'seats');
  return isOfAll ? seats : 0;
}

/** Puts the first seat of each standpoint before the second of any, and so on. */
function spread(
  seats: readonly string[],
  standpoints: Readonly<Record<string, string | null>>,
): readonly string[] {
  const before = new Map<string | null, number>();
  const ranked = seats.map((seat) => {
    const standpoint = standpoints[seat] ?? null;
    const rank = before.get(standpoint) ?? 0;
    before.set(standpoint, rank + 1);
    return { seat, rank };
  });
  return ranked.toSorted((one, other) => one.rank - other.rank).map(({ seat }) => seat);
}

const lotDigits = 8;

/** Draws a seat's place: 32-bit FNV-1a with the finish of MurmurHash3, so that neighbouring names fall far apart. */
function lot(seed: string, seat: string): string {
  const text = `${seed}/${seat}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(lotDigits, '0');
}
