import { compareCodePoints } from './code-point-order.ts';

/** How answers are compared before counting, short of asking a model. */
export const groupingModes = ['exact', 'normalised'] as const;

/** Name of a way to compare answers. */
export type GroupingMode = (typeof groupingModes)[number];

/** What a seat answered to an open question. */
export interface Answer {
  readonly seat: string;
  readonly answer: string;
}

/**
 * Answers that count as one option.
 *
 * `key` is the option's name on ballots, `label` the most frequent wording (of equal ones the smallest
 * by code point), `members` the seats by code point.
 */
export interface AnswerGroup {
  readonly key: string;
  readonly label: string;
  readonly members: readonly string[];
}

/** Keys of groups that mean the same, as judged by a model or a person; at least two. */
export type Merge = readonly string[];

/** Groups after merging, or why the merges cannot be used. */
export type Regrouping =
  | { readonly kind: 'grouped'; readonly groups: readonly AnswerGroup[] }
  | { readonly kind: 'rejected'; readonly reason: string };

/**
 * Groups equal answers, the largest group first and equal ones by code point of the key.
 *
 * The order of the answers changes nothing.
 */
export function groupAnswers(
  answers: readonly Answer[],
  mode: GroupingMode,
): readonly AnswerGroup[] {
  const byKey = new Map<string, Answer[]>();
  for (const answer of answers) {
    const key = answerKey(answer.answer, mode);
    byKey.set(key, [...(byKey.get(key) ?? []), answer]);
  }
  const groups = [...byKey].map(([key, members]) => ({
    key,
    label: mostFrequent(members.map((member) => member.answer)),
    members: members.map((member) => member.seat).sort(compareCodePoints),
  }));
  return groups.sort(compareGroups);
}

/**
 * Merges groups by a judgement that came from outside, such as a model's.
 *
 * A merged group takes key and label of its largest part, of equal ones the smallest key. Merges must
 * name known groups, each at most once, and at least two together; else nothing is merged.
 */
export function applyGrouping(
  groups: readonly AnswerGroup[],
  merges: readonly Merge[],
): Regrouping {
  const reason = mergeFault(groups, merges);
  if (reason !== undefined) return { kind: 'rejected', reason };
  const merged = merges.map((keys) => joined(groups.filter((group) => keys.includes(group.key))));
  const untouched = groups.filter((group) => !merges.flat().includes(group.key));
  return { kind: 'grouped', groups: [...merged.flat(), ...untouched].sort(compareGroups) };
}

function mergeFault(groups: readonly AnswerGroup[], merges: readonly Merge[]): string | undefined {
  const known = new Set(groups.map((group) => group.key));
  const seen = new Set<string>();
  for (const [index, keys] of merges.entries()) {
    const where = `merge ${index + 1}`;
    if (keys.length < 2) return `${where}: got ${keys.length} keys, expected at least 2`;
    for (const key of keys) {
      if (!known.has(key)) return `${where}: got "${key}", expected the key of a group`;
      if (seen.has(key)) return `${where}: got "${key}" again, expected each key once`;
      seen.add(key);
    }
  }
  return undefined;
}

function joined(parts: readonly AnswerGroup[]): readonly AnswerGroup[] {
  const members = parts.flatMap((part) => part.members).sort(compareCodePoints);
  return [...parts]
    .sort(compareGroups)
    .slice(0, 1)
    .map((largest) => ({ ...largest, members }));
}

function compareGroups(one: AnswerGroup, other: AnswerGroup): number {
  return other.members.length - one.members.length || compareCodePoints(one.key, other.key);
}

function mostFrequent(wordings: readonly string[]): string {
  const times = (wording: string): number => wordings.filter((other) => other === wording).length;
  return wordings.reduce((best, wording) => {
    const lead = times(wording) - times(best);
    return lead > 0 || (lead === 0 && compareCodePoints(wording, best) < 0) ? wording : best;
  });
}

/**
 * Gives the name under which an answer is counted.
 *
 * `exact` keeps every character. `normalised` makes one of answers that differ in Unicode
 * compatibility forms (NFKC), letter case, white space, shape of quotes, enclosing quotes, enclosing Markdown
 * emphasis or code marks, and final punctuation. An answer of nothing but such marks keeps them.
 */
export function answerKey(answer: string, mode: GroupingMode): string {
  if (mode === 'exact') return answer;
  let key = answer;
  for (let pass = 0; pass < passesMax; pass += 1) {
    const next = stripped(folded(key));
    if (next === key) break;
    key = next;
  }
  return key;
}

/** Each pass takes off one kind of enclosing marks; there are fewer kinds than passes. */
const passesMax = 16;

function folded(text: string): string {
  // Upper case first: it alone unites "ß" with "ss" and the two small sigmas, as case folding does.
  const cased = text.normalize('NFKC').toUpperCase().toLowerCase();
  const plain = cased
    .normalize('NFKC')
    .replace(/[‘’‚‛]/gu, "'")
    .replace(/[“”„‟]/gu, '"');
  return plain.replace(/\s+/gu, ' ').trim();
}

const enclosures: readonly (readonly [string, string])[] = [
  ['```', '```'],
  ['**', '**'],
  ['__', '__'],
  ['~~', '~~'],
  ['*', '*'],
  ['_', '_'],
  ['`', '`'],
  ['"', '"'],
  ["'", "'"],
  ['«', '»'],
  ['‹', '›'],
  ['「', '」'],
  ['『', '』'],
];

function stripped(text: string): string {
  const bare = text.replace(/[.,;:!?。、]+$/u, '');
  for (const [open, close] of enclosures) {
    const inner = bare.slice(open.length, -close.length);
    const isEnclosed = inner !== '' && bare === open + inner + close;
    if (isEnclosed && !inner.includes(open) && !inner.includes(close)) return inner;
  }
  return bare === '' ? text : bare;
}
