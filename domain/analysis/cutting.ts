import { questionKinds, type QuestionKind } from '../calibration/question-kind.ts';
import { answerKey as comparable } from '../protocols/grouping.ts';
import {
  partQuestionCharactersMax,
  type Cutting,
  type Part,
  type PartQuestion,
} from './analysis-terms.ts';

/** A part as somebody proposes it; `after` names others by their place, `p1` the first. */
export interface ProposedPart {
  readonly question: string;
  readonly kind: string;
  readonly after: readonly string[];
}

/** What is wrong with a proposal. */
interface CuttingFault {
  /** Where, for instance `parts[1].after`. */
  readonly field: string;
  readonly got: unknown;
  readonly expected: string;
}

/** A question in parts, or the first thing that is wrong with it. */
export type Cut =
  | {
      readonly ok: true;
      readonly parts: readonly Part[];
      /** The same parts in words. */
      readonly questions: readonly PartQuestion[];
    }
  | { readonly ok: false; readonly fault: CuttingFault };

/**
 * Judges how somebody proposes to cut a question: not into more parts than the plan allows, none of them twice, none that
 * needs itself, by whatever way round.
 *
 * @param proposed - the parts in the order in which they are to be named, `p1` first
 * @param cutting - what the plan allows
 * @param cutting.partsMax - most parts
 */
export function cutQuestion(
  proposed: readonly ProposedPart[],
  { partsMax }: Pick<Cutting, 'partsMax'>,
): Cut {
  if (proposed.length === 0 || proposed.length > partsMax) {
    const expected = partsMax === 1 ? '1 part' : `1 to ${partsMax} parts`;
    return refused({ field: 'parts', got: proposed.length, expected });
  }
  const names = proposed.map((_part, index) => nameAt(index));
  const fault =
    firstOf(proposed, (part, index) => partFault(part, index, names)) ??
    firstOf(proposed, (part, index) => doubleFault(part, index, proposed));
  if (fault !== null) return refused(fault);
  const parts = proposed.map((part, index) => partOf(part, nameAt(index)));
  const cycle = cycleIn(parts);
  if (cycle !== null) return refused(cycleFault(cycle));
  const questions = proposed.map(({ question }, index) => ({ part: nameAt(index), question }));
  return { ok: true, parts, questions };
}

function refused(fault: CuttingFault): Cut {
  return { ok: false, fault };
}

function nameAt(index: number): string {
  return `p${index + 1}`;
}

function firstOf(
  proposed: readonly ProposedPart[],
  faultOf: (part: ProposedPart, index: number) => CuttingFault | null,
): CuttingFault | null {
  return proposed.map(faultOf).find((fault) => fault !== null) ?? null;
}

function partFault(
  { question, kind, after }: ProposedPart,
  index: number,
  names: readonly string[],
): CuttingFault | null {
  const at = `parts[${index}]`;
  if (question === '' || question.length > partQuestionCharactersMax) {
    const expected = 'a question of 1 to 2,000 characters';
    const got = question === '' ? question : question.length;
    return { field: `${at}.question`, got, expected };
  }
  if (!isKind(kind)) {
    const expected = `one of ${questionKinds.join(', ')}`;
    return { field: `${at}.kind`, got: kind, expected };
  }
  const unknown = after.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const expected = `only names out of ${names.join(', ')}`;
    return { field: `${at}.after`, got: unknown, expected };
  }
  if (!after.includes(nameAt(index))) return null;
  return { field: `${at}.after`, got: nameAt(index), expected: 'other parts, not the part itself' };
}

function isKind(kind: string): kind is QuestionKind {
  return (questionKinds as readonly string[]).includes(kind);
}

function doubleFault(
  { question }: ProposedPart,
  index: number,
  proposed: readonly ProposedPart[],
): CuttingFault | null {
  const asked = comparable(question, 'normalised');
  const earlier = proposed.findIndex((other) => comparable(other.question, 'normalised') === asked);
  if (earlier === index) return null;
  const expected = `another question than that of ${nameAt(earlier)}`;
  return { field: `parts[${index}].question`, got: question, expected };
}

function partOf({ kind, after }: ProposedPart, part: string): Part {
  return { part, kind: kind as QuestionKind, after: [...new Set(after)] };
}

function cycleFault(cycle: readonly string[]): CuttingFault {
  const expected = 'parts that can be answered one after the other';
  return { field: 'parts', got: cycle.join(' -> '), expected };
}

/**
 * Finds parts that need each other, so that none of them could ever begin.
 *
 * @returns the first such cycle, with its first part again at the end; `null` where there is none
 */
export function cycleIn(parts: readonly Part[]): readonly string[] | null {
  const needs = new Map(parts.map(({ part, after }) => [part, after]));
  const cleared = new Set<string>();
  const walk = (part: string, path: readonly string[]): readonly string[] | null => {
    if (path.includes(part)) return [...path.slice(path.indexOf(part)), part];
    if (cleared.has(part)) return null;
    for (const needed of needs.get(part) ?? []) {
      const cycle = walk(needed, [...path, part]);
      if (cycle !== null) return cycle;
    }
    cleared.add(part);
    return null;
  };
  for (const { part } of parts) {
    const cycle = walk(part, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
