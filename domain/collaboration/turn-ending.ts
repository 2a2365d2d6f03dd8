import type { Choice } from '../protocols/protocol.ts';
import type { FactOf, LostCalls, TurnCost, TurnFact, TurnRef } from './fact.ts';

/** Tokens in, of these from the cache, tokens out, and micro-dollars; `null` where unknown. */
type PackedCost = readonly [
  input: number | null,
  cached: number | null,
  output: number | null,
  microsUsd: number | null,
];

type PackedLost = readonly [calls: number, tokens: number, microsUsd: number];

type Position = FactOf<'position.submitted'>;

/** A position: a single choice by its option alone; what it cites is absent where it cites nothing. */
type PackedPosition = readonly [
  choice: Choice | string,
  confidence: Position['confidence'],
  citing?: string,
];

/** What only this kind of fact has, by its names; `said` in place of what every position has. */
type Rest = Readonly<Record<string, unknown>> & { readonly said?: PackedPosition };

/**
 * How a turn ended, as a workflow's history keeps it: its fact without the turn, which the workflow knows, and without the
 * names of what every fact has. With them the answers of a debate would be a tenth of its history.
 */
export type TurnEnding = readonly [
  type: TurnFact['type'],
  /** `null`: the turn was refused before it could cost anything. */
  cost: PackedCost | null,
  rest: Rest,
  /** Absent where no call was lost. */
  lost?: PackedLost,
];

const known: readonly string[] = [
  ...['type', 'turn', 'task', 'round', 'seat'],
  ...['usage', 'microsUsd', 'lost'],
];

/** What a position has in `said`. */
const sayings: readonly string[] = ['choice', 'confidence', 'citing'];

/** Takes out of a turn's fact what its workflow does not know yet. */
export function packEnding(fact: TurnFact): TurnEnding {
  const { lost } = fact;
  const ending = [fact.type, packedCost(fact), restOf(fact)] as const;
  return lost === undefined ? ending : [...ending, [lost.calls, lost.tokens, lost.microsUsd]];
}

function restOf(fact: TurnFact): Rest {
  const isPosition = fact.type === 'position.submitted';
  const left = isPosition ? [...known, ...sayings] : known;
  const rest = Object.fromEntries(Object.entries(fact).filter(([name]) => !left.includes(name)));
  return isPosition ? { ...rest, said: packedPosition(fact) } : rest;
}

function packedPosition({ choice, confidence, citing }: Position): PackedPosition {
  const chosen = choice.kind === 'single' ? choice.option : choice;
  return citing === null ? [chosen, confidence] : [chosen, confidence, citing];
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
  const [type, cost, { said, ...rest }, lost] = ending;
  return {
    type,
    ...turn,
    // Histories from before this was packed have it by its names, in the rest.
    ...(said === undefined ? {} : positionIn(said)),
    ...rest,
    ...(cost === null ? {} : costIn(cost)),
    ...(lost === undefined ? {} : { lost: lostIn(lost) }),
  } as TurnFact;
}

function positionIn(said: PackedPosition): Pick<Position, 'choice' | 'confidence' | 'citing'> {
  const [chosen, confidence, citing] = said;
  const choice: Choice = typeof chosen === 'string' ? { kind: 'single', option: chosen } : chosen;
  return { choice, confidence, citing: citing ?? null };
}

function lostIn([calls, tokens, microsUsd]: PackedLost): LostCalls {
  return { calls, tokens, microsUsd };
}

function costIn([inputTokens, cachedTokens, outputTokens, microsUsd]: PackedCost): TurnCost {
  return { usage: { inputTokens, cachedTokens, outputTokens }, microsUsd };
}
