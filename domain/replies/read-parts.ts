import { cutQuestion, type ProposedPart } from '../analysis/cutting.ts';
import type { Contradiction } from '../analysis/analysis-terms.ts';
import { cutText } from './clean-text.ts';
import { faulty, fieldOf, nameIn, rationaleOf, textOf, textsOf } from './reply-fields.ts';
import type { Fields, Reading } from './reply-fields.ts';
import { contradictionCharactersMax, contradictionsMax } from './reply-limits.ts';
import type { DecompositionReply, ReplyContext } from './reply.ts';

/** Reads how the chair cuts the question; what the rules refuse is named, so that it can be proposed again. */
export function readDecomposition(
  fields: Fields,
  { cutting = { partsMax: 1 } }: ReplyContext,
): Reading<DecompositionReply> {
  const value = fieldOf(fields, 'parts');
  if (!Array.isArray(value)) {
    const expected = 'a list of parts, each with question, kind and after';
    return faulty('invalid-answer', { field: 'parts', got: value, expected });
  }
  const cut = cutQuestion(value.map(proposedIn), cutting);
  if (!cut.ok) return faulty('invalid-answer', cut.fault);
  const { parts, questions } = cut;
  return {
    ok: true,
    value: { kind: 'decomposition', parts, questions, rationale: rationaleOf(fields) },
  };
}

/** One text counts as a part about anything. */
function proposedIn(entry: unknown): ProposedPart {
  const fields = typeof entry === 'object' && entry !== null ? (entry as Fields) : null;
  if (fields === null) return { question: textOf(entry), kind: 'other', after: [] };
  return {
    question: textOf(fieldOf(fields, 'question')),
    kind: textOf(fieldOf(fields, 'kind')).toLowerCase(),
    after: textsOf(fieldOf(fields, 'after')).map(partNamed),
  };
}

/** `p2`, `P2`, `2` and `Part 2` all mean the second part; what is none of these stays for the rules to refuse. */
function partNamed(said: string): string {
  const [, place] = /^(?:part\s+)?p?(\d{1,2})$/i.exec(said) ?? [];
  return place === undefined ? said : `p${Number(place)}`;
}

/** Reads contradictions between parts; those of fewer than two parts that answered, or without words, are dropped. */
export function contradictionsOf(
  fields: Fields,
  parts: readonly string[],
): readonly Contradiction[] {
  const value = fieldOf(fields, 'contradictions');
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  return entries.flatMap((entry) => contradictionIn(entry, parts)).slice(0, contradictionsMax);
}

function contradictionIn(entry: unknown, parts: readonly string[]): readonly Contradiction[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const said = textsOf(fieldOf(entry as Fields, 'parts')).map((name) =>
    nameIn(parts, partNamed(name)),
  );
  const named = parts.filter((part) => said.includes(part));
  const about = cutText(textOf(fieldOf(entry as Fields, 'about')), contradictionCharactersMax);
  return named.length < 2 || about === '' ? [] : [{ parts: named, about }];
}
