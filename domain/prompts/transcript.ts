import type { PromptPart } from '../providers/model-connector.ts';
import type { Pass, PassEntry, PromptMaterial } from './material.ts';
import { quoted } from './quote.ts';
import { seededShuffle } from './seeded-shuffle.ts';

/** Longest rationale in a summary, characters. */
const SUMMARY_RATIONALE_MAX = 240;

const passNames: Readonly<Record<Pass['phase'], string>> = {
  nomination: 'nominations',
  vote: 'votes',
  proposal: 'blind proposals',
  critique: 'critiques',
  revision: 'revised positions',
};

/**
 * Writes down what the seats said so far, one part a pass, the same for every reader. Entries of a pass stand in
 * an order that the seed decides, so that nobody is always heard first.
 *
 * With a summary only the last pass is there, reasons shortened, critiques and evidence left out.
 */
export function transcriptParts(
  material: PromptMaterial,
  names: ReadonlyMap<string, string>,
): { readonly parts: readonly PromptPart[]; readonly leftOut: readonly string[] } {
  const { passes, messages, directives, seed } = material;
  const isSummary = directives.context === 'summary';
  const shown = isSummary ? passes.slice(-1) : passes;
  const skipped = passes.length - shown.length;
  const parts = shown.map((pass, index) => {
    const at = skipped + index + 1;
    const earlier = isSummary ? messages.filter(({ afterPasses }) => afterPasses < at) : [];
    const later = messages.filter(({ afterPasses }) => afterPasses === at);
    const entries = seededShuffle(
      [...pass.entries].sort((one, other) => (one.seat < other.seat ? -1 : 1)),
      seed,
      `order-${pass.round}-${pass.phase}`,
    );
    return part([
      ...earlier.map(({ text }) => messageText(text)),
      `Round ${pass.round}, ${passNames[pass.phase]}:`,
      ...entries.map((entry) => entryText(entry, names, isSummary)),
      ...later.map(({ text }) => messageText(text)),
    ]);
  });
  return { parts, leftOut: isSummary ? summaryNotes(skipped) : [] };
}

/** Writes a message that a person added. */
export function messageText(text: string): string {
  return `Message from the people who asked:\n${quoted(text)}`;
}

function summaryNotes(skipped: number): readonly string[] {
  const shortened = 'transcript: only the last pass, reasons shortened';
  return [skipped === 0 ? shortened : `${shortened}, ${skipped} earlier left out`];
}

function entryText(
  entry: PassEntry,
  names: ReadonlyMap<string, string>,
  isSummary: boolean,
): string {
  const name = names.get(entry.seat) ?? 'A participant';
  const lines: string[] = [];
  if (entry.answer !== null) lines.push(`${name} answered:`, quoted(entry.answer));
  const rationale = isSummary ? shortened(entry.rationale) : entry.rationale;
  if (rationale !== '') lines.push(`${name} gave as reason:`, quoted(rationale));
  if (!isSummary && entry.evidence.length > 0) {
    lines.push(`${name} gave as evidence:`, ...entry.evidence.map(quoted));
  }
  const critiques = isSummary && entry.answer !== null ? [] : entry.critiques;
  for (const { of, text } of critiques) {
    lines.push(`${name} said against ${of}:`, quoted(isSummary ? shortened(text) : text));
  }
  return lines.join('\n');
}

function shortened(text: string): string {
  if (text.length <= SUMMARY_RATIONALE_MAX) return text;
  return `${text.slice(0, SUMMARY_RATIONALE_MAX).replace(/[\uD800-\uDBFF]$/, '')} […]`;
}

function part(blocks: readonly string[]): PromptPart {
  return { kind: 'text', text: `${blocks.join('\n\n')}\n`, stable: true };
}
