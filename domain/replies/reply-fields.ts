import { answerKey as comparable } from '../protocols/grouping.ts';
import { cleanText, cutText } from './clean-text.ts';
import type { LabelledOption } from './option-labels.ts';
import type { Critique, ReplyFault } from './reply.ts';
import {
  critiqueCharactersMax,
  critiquesMax,
  evidenceCharactersMax,
  evidenceMax,
  rationaleCharactersMax,
} from './reply-limits.ts';

/** The fields of a reply as they came. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field that was read, or what is wrong with it: `got` what came, `expected` what would do. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: ReplyFault; readonly instruction: string };

/** Longest piece of a reply that is quoted back in an instruction, characters. */
const QUOTED_CHARACTERS_MAX = 80;
/** Most labels that an instruction lists. */
const LISTED_MAX = 12;

/** Makes a reading that failed. */
export function faulty(
  fault: ReplyFault,
  { field, got, expected }: { field: string; got: unknown; expected: string },
): Reading<never> {
  return {
    ok: false,
    fault,
    instruction: `${field}: got ${quoted(got)}, expected ${expected}`,
  };
}

/** Lists labels for an instruction. */
export function listed(labels: readonly string[]): string {
  const shown = labels.slice(0, LISTED_MAX).map((label) => JSON.stringify(label));
  const more = labels.length > LISTED_MAX ? ` and ${labels.length - LISTED_MAX} more` : '';
  return shown.join(', ') + more;
}

/** Reads a field of the reply; names that every object has are no fields. */
export function fieldOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Reads a text; numbers and truth values count as what they are written like, all else as nothing. */
export function textOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? cleanText(value).trim() : '';
}

/** Reads the reasons: missing ones harm nobody, long ones are cut. */
export function rationaleOf(fields: Fields): string {
  return cutText(textOf(fieldOf(fields, 'rationale')), rationaleCharactersMax);
}

/** Reads the supporting points: one text counts as a list of one, empty ones are dropped. */
export function evidenceOf(fields: Fields): readonly string[] {
  return textsOf(fieldOf(fields, 'evidence'))
    .slice(0, evidenceMax)
    .map((point) => cutText(point, evidenceCharactersMax));
}

/** Reads a list of texts; one text counts as a list of one, what is empty is dropped. */
export function textsOf(value: unknown): readonly string[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  return entries.map(textOf).filter((text) => text !== '');
}

/** Reads critiques; those of nobody, of oneself or without words are dropped. */
export function critiquesOf(
  fields: Fields,
  { names, self }: { names: readonly string[]; self: string },
): readonly Critique[] {
  const value = fieldOf(fields, 'critiques');
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  return entries
    .flatMap((entry) => {
      if (typeof entry !== 'object' || entry === null) return [];
      const of = nameIn(names, textOf(fieldOf(entry as Fields, 'of')));
      const text = cutText(textOf(fieldOf(entry as Fields, 'text')), critiqueCharactersMax);
      return of === undefined || of === self || text === '' ? [] : [{ of, text }];
    })
    .slice(0, critiquesMax);
}

/** Finds a participant by its name, whatever its case, or by its letter alone. */
export function nameIn(names: readonly string[], said: string): string | undefined {
  const wanted = comparable(said, 'normalised');
  return names.find((name) => {
    const known = comparable(name, 'normalised');
    return known === wanted || known.split(' ').at(-1) === wanted;
  });
}

/**
 * Reads the private confidence.
 *
 * A number, or a number in a text; `80 %` is 0.8, but a bare 80 is a fault, since it may as well be a
 * slip. Missing or null is `null`: it harms nobody.
 */
export function confidenceOf(fields: Fields): Reading<number | null> {
  const value = fieldOf(fields, 'confidence');
  if (value === undefined || value === null) return { ok: true, value: null };
  const number = numberOf(value);
  if (number !== undefined && number >= 0 && number <= 1) return { ok: true, value: number };
  return faulty('invalid-confidence', {
    field: 'confidence',
    got: value,
    expected: 'a number from 0 to 1',
  });
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const match = /^\s*(\d{1,3}(?:\.\d{1,12})?)\s*(%?)\s*$/.exec(value);
  if (match?.[1] === undefined) return undefined;
  return match[2] === '%' ? Number(match[1]) / 100 : Number(match[1]);
}

/** Finds an option by its words: exactly, else as answers are compared, if that leaves only one. */
export function optionIn(
  options: readonly LabelledOption[],
  said: string,
): LabelledOption | undefined {
  const exact = options.find(({ label, text }) => label === said || text === said);
  if (exact !== undefined) return exact;
  const wanted = comparable(said, 'normalised');
  const alike = options.filter(
    ({ label, text }) =>
      comparable(label, 'normalised') === wanted || comparable(text, 'normalised') === wanted,
  );
  return alike.length === 1 ? alike[0] : undefined;
}

/** Reads a list of options; doubles are left for the caller to judge. */
export function optionsIn(
  fields: Fields,
  field: string,
  options: readonly LabelledOption[],
): Reading<readonly LabelledOption[]> {
  const said = textsOf(fieldOf(fields, field));
  const found = said.map((text) => optionIn(options, text));
  const unknown = found.indexOf(undefined);
  if (unknown >= 0) {
    return faulty('invalid-answer', {
      field,
      got: said[unknown],
      expected: `only options out of ${listed(options.map(({ label }) => label))}`,
    });
  }
  return { ok: true, value: found.filter((option) => option !== undefined) };
}

function quoted(value: unknown): string {
  if (value === undefined) return 'nothing';
  // Lists and objects are named, not written out: they may be nested deeper than a writer can go.
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return cutText(cleanText(JSON.stringify(value)), QUOTED_CHARACTERS_MAX);
}
