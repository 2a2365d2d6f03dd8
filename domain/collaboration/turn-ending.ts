import type { TurnCost, TurnFact, TurnRef } from './fact.ts';

/** Tokens in, of these from the cache, tokens out, and micro-dollars; `null` where unknown. */
type PackedCost = readonly [
  input: number | null,
  cached: number | null,
  output: number | null,
  microsUsd: number | null,
];

type Rest<T> = T extends unknown ? Omit<T, 'type' | 'usage' | 'microsUsd' | keyof TurnRef> : never;

/**
 * How a turn ended, as a workflow's history keeps it: its fact without the turn, which the workflow knows, and without the
 * names of what every fact has. With them the answers of a debate would be a tenth of its history.
 */
export type TurnEnding = readonly [
  type: TurnFact['type'],
  /** `null`: the turn was refused before it could cost anything. */
  cost: PackedCost | null,
  rest: Rest<TurnFact>,
];

const known: readonly string[] = ['type', 'turn', 'task', 'round', 'seat', 'usage', 'microsUsd'];

/** Takes out of a turn's fact what its workflow does not know yet. */
export function packEnding(fact: TurnFact): TurnEnding {
  const rest = Object.fromEntries(
    Object.entries(fact).filter(([name]) => !known.includes(name)),
  ) as Rest<TurnFact>;
  if (!('usage' in fact)) return [fact.type, null, rest];
  const { inputTokens, cachedTokens, outputTokens } = fact.usage;
  return [fact.type, [inputTokens, cachedTokens, outputTokens, fact.microsUsd], rest];
}

/**
 * Puts a turn's fact together again.
 *
 * @param turn - the turn that was asked
 * @param ending - what came of it, see {@link packEnding}
 */
export function unpackEnding(turn: TurnRef, ending: TurnEnding): TurnFact {
  const [type, cost, rest] = ending;
  return { type, ...turn, ...rest, ...(cost === null ? {} : costIn(cost)) } as TurnFact;
}

function costIn([inputTokens, cachedTokens, outputTokens, microsUsd]: PackedCost): TurnCost {
  return { usage: { inputTokens, cachedTokens, outputTokens }, microsUsd };
}
