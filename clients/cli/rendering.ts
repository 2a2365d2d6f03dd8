import type {
  Cost,
  DebateReport,
  Decision,
  PartReport,
  PeopleReport,
} from '../../domain/collaboration/decision.ts';
import type { PartContent } from '../../domain/analysis/analysis-terms.ts';
import type { Fact, FactOf } from '../../domain/collaboration/fact.ts';
import { debateSentences } from '../../domain/ledger/debate-sentences.ts';
import { peopleSentences } from '../../domain/ledger/people-sentences.ts';
import { factOf } from '../../domain/ledger/event.ts';
import type { LedgerEvent, Text, TurnContent } from '../../domain/ledger/event.ts';

/** An entry of the API's list of collaborations, as far as the command line shows it. */
export interface ListedCollaboration {
  readonly id: string;
  readonly pattern: string;
  readonly status: string;
  readonly question: string;
  readonly createdAt: string;
  readonly simulated: boolean;
  readonly decision: { readonly kind: string; readonly answer: string | null } | null;
}

/** Shows rows as aligned columns; the last column may be of any width. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? cell.length),
        )
        .join('  '),
    )
    .join('\n');
}

/** Shows one collaboration as a row of the list. */
export function collaborationRow(run: ListedCollaboration): readonly string[] {
  const mark = run.simulated ? ' [simulated]' : '';
  const answer = run.decision?.answer ?? run.decision?.kind;
  const outcome = answer === undefined ? '' : ` -> ${shortened(answer)}`;
  const question = `${shortened(run.question)}${outcome}${mark}`;
  return [run.id, run.pattern, run.status, run.createdAt, question];
}

/** Shows a decision in a few lines. */
export function decisionText(decision: Decision): string {
  const mark = decision.simulated ? ' [simulated]' : '';
  const { answer, reason, explanation, rounds, stoppedBy } = decision;
  return [
    answer === null ? `no decision (${String(reason)})${mark}` : `decided${mark}: ${answer}`,
    `${explanation}; ${decision.parts ? '' : `${counted(rounds, 'round')}, `}stopped by ${stoppedBy}`,
    ...decision.votes.map(
      ({ seat, agent, choice, abstained }) =>
        `  ${seat} ${agent}: ${choice === null ? `abstains (${String(abstained)})` : choiceText(choice)}`,
    ),
    ...decision.flips.map(
      ({ seat, round, from, to, citing }) =>
        `  flip of ${seat} in round ${String(round)}: ${shortened(from)} -> ${shortened(to)}, citing ${citing ?? 'nothing'}`,
    ),
    ...decision.dissent.map(
      ({ seat, agent, answer: lost, rationale }) =>
        `  dissent of ${seat} ${agent}: ${shortened(lost)} (${shortened(rationale)})`,
    ),
    ...(decision.parts ?? []).map((part) => `  ${partLine(part)}`),
    ...(decision.contradictions ?? []).map(
      ({ parts, about }) => `  ${parts.join(' and ')} contradict each other: ${shortened(about)}`,
    ),
    ...(decision.people ? peopleSentences(decision.people) : []).map(
      (line) => `  ${shortened(line)}`,
    ),
    ...(decision.debate ? debateLines(decision.debate, decision.people) : []),
    costText(decision.cost),
  ].join('\n');
}

function partLine({ part, kind, pattern, collaboration, ...said }: PartReport): string {
  const { ending, reason, answer, question, cost } = said;
  const outcome = answer === null ? `${ending} (${reason ?? 'it broke'})` : shortened(answer);
  const where = collaboration === null ? '' : `, ${collaboration}, ${counted(cost.calls, 'call')}`;
  return `${part} ${kind}, by ${pattern}${where}: ${shortened(question)} -> ${outcome}`;
}

function debateLines(report: DebateReport, people?: PeopleReport): readonly string[] {
  const { control } = report;
  const answer = control.answer === null ? null : shortened(control.answer);
  return debateSentences({ ...report, control: { ...control, answer } }, people).map(
    (line) => `  ${line}`,
  );
}

/** Shows what a run cost; what is unknown is called unknown. */
export function costText(cost: Cost): string {
  const part = (value: number | null): string => (value === null ? 'unknown' : String(value));
  const tokens = `${part(cost.inputTokens)} tokens in (${part(cost.cachedTokens)} cached), ${part(cost.outputTokens)} out`;
  const reused =
    cost.reused === undefined
      ? ''
      : `, reused ${String(cost.reused)} of the replies that the origin paid`;
  return `cost: ${tokens}, ${part(cost.usd)} USD, ${counted(cost.calls, 'call')}${reused}`;
}

/** Shows an event of the ledger as one line. */
export function eventLine(event: LedgerEvent): string {
  const fact = factOf(event);
  const time = event.time.slice('2026-01-01T'.length);
  const noun = event.type.replace(/^conclave\.|\.v\d+$/g, '');
  const what = fact !== undefined && 'turn' in fact ? turnText(event) : otherText(event, fact);
  return `${String(event.seq).padStart(4)}  ${time}  ${noun}${what === '' ? '' : `: ${what}`}`;
}

function turnText(event: LedgerEvent): string {
  const content = event.data['content'] as Partial<TurnContent> | undefined;
  const reason = event.data['reason'];
  const parts = (content?.parts ?? []).map(({ part, question }) => `${part} ${question}`);
  const words = [content?.answer, content?.rationale].map(textOf);
  const said = [...parts, ...words].filter((part) => part !== '');
  const mark = content?.simulated === true ? ' [simulated]' : '';
  const who = `${String(event.data['turn'])}${mark}`;
  const why = typeof reason === 'string' ? ` (${reason})` : '';
  return `${who}${why}${said.length === 0 ? '' : ` ${shortened(said.join(': '))}`}`;
}

function otherText(event: LedgerEvent, fact: Fact | undefined): string {
  if (fact?.type === 'part.opened') {
    return `${fact.part} as ${event.stream}-${fact.part}, ${shareText(fact.budget)}`;
  }
  return fact?.type === 'part.ended' ? partEndText(event, fact) : plainText(event);
}

function shareText({ tokens, microsUsd }: FactOf<'part.opened'>['budget']): string {
  const limits = [
    ...(tokens === null ? [] : [`${String(tokens)} tokens`]),
    ...(microsUsd === null ? [] : [`${String(microsUsd / microsPerUsd)} USD`]),
  ];
  return limits.length === 0 ? 'no limit of its own' : `at most ${limits.join(' and ')}`;
}

const microsPerUsd = 1_000_000;

function partEndText(event: LedgerEvent, { part, ending, reason }: FactOf<'part.ended'>): string {
  const content = event.data['content'] as Partial<PartContent> | undefined;
  const why = reason === null ? '' : ` (${reason})`;
  const said = textOf(content?.answer ?? undefined) || (content?.explanation ?? '');
  return `${part} ${ending}${why}${said === '' ? '' : ` ${shortened(said)}`}`;
}

/** What a line has no room for: the plan, the contents, how a pass is prompted. */
const unshown = ['content', 'plan', 'directives'];

function plainText(event: LedgerEvent): string {
  return Object.entries(event.data)
    .filter(([name]) => !unshown.includes(name))
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ');
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(' ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .filter(([, part]) => typeof part !== 'object' || part === null)
    .map(([name, part]) => `${name}=${shortened(String(part))}`)
    .join(' ');
}

function textOf(text: Text | undefined): string {
  if (text === undefined || typeof text === 'string') return text ?? '';
  return `(${String(text.bytes)} bytes)`;
}

/** Shows a choice in words: lists by comma. */
export function choiceText(choice: string | readonly string[]): string {
  return typeof choice === 'string' ? choice : choice.join(', ');
}

/** Says how many of a thing there are. */
export function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}

const shortCharactersMax = 100;

/** Shortens a text to one line of at most 100 characters. */
export function shortened(text: string): string {
  const characters = Array.from(text.replace(/\s+/g, ' ').trim());
  return characters.length <= shortCharactersMax
    ? characters.join('')
    : `${characters.slice(0, shortCharactersMax).join('')} …`;
}
