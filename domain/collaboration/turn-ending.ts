import type { LostCalls, TurnCost, TurnFact, TurnRef } from './fact.ts';

/** Tokens in, of these from the cache, tokens out, and micro-dollars; `null` where unknown. */
type PackedCost = readonly [
  input: number | null,
  cached: number | null,
  output: number | null,
  microsUsd: number | null,
];

type PackedLost = readonly [calls: number, tokens: number, microsUsd: number];

type Rest<T> = T extends unknown
  ? Omit<T, 'type' | 'usage' | 'microsUsd' | 'lost' | keyof TurnRef>
  : never;

/**
 * How a turn ended, as a workflow's history keeps it: its fact without the turn, which the workflow knows, and without the
 * names of what every fact has. With them the answers of a debate would be a tenth of its history.
 */
export type TurnEnding = readonly [
  type: TurnFact['type'],
  /** `null`: the turn was refused before it could cost anything. */
  cost: PackedCost | null,
  rest: Rest<TurnFact>,
  /** Absent where no call was lost. */
  lost?: PackedLost,
];

const known: readonly string[] = [
  ...['type', 'turn', 'task', 'round', 'seat'],
  ...['usage', 'microsUsd', 'lost'],
];

/** Takes out of a turn's fact what its workflow does not know yet. */
export function packEnding(fact: TurnFact): TurnEnding {
  const rest = Object.fromEntries(
    Object.entries(fact).filter(([name]) => !known.includes(name)),
  ) as Rest<TurnFact>;
  const { lost } = fact;
  const ending = [fact.type, packedCost(fact), rest] as const;
  return lost === undefined ? ending : [...ending, [lost.calls, lost.tokens, lost.microsUsd]];
}

function packedCost(fact: TurnFact): PackedCost | null {
  if (!('usage' in fact)) return null;
  const { inputTokens, cachedTokens, outputTokens } = fact.usage;
  return [inputTokens, cachedTokens, outputTokens, fact.microsUsd];
}

/**
 * Puts a turn's fact together again.
 *
 * @param turn - the turn that was asked
 * @param ending - what came of it, see {@link packEnding}
 */
export function unpackEnding(turn: TurnRef, ending: TurnEnding): TurnFact {
  const [type, cost, rest, lost] = ending;
  return {
    type,
    ...turn,
    ...rest,
    ...(cost === null ? {} : costIn(cost)),
    ...(lost === undefined ? {} : { lost: lostIn(lost) }),
  } as TurnFact;
}

function lostIn([calls, tokens, microsUsd]: PackedLost): LostCalls {
  return { calls, tokens, microsUsd };
}

function costIn([inputTokens, cachedTokens, outputTokens, microsUsd]: PackedCost): TurnCost {
  return { usage: { inputTokens, cachedTokens, outputTokens }, microsUsd };
}
