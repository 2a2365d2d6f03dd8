import type { Part } from '../analysis/analysis-terms.ts';
import { partSentence } from '../analysis/part-sentences.ts';
import type { ApprovalFact } from '../approvals/approvals.ts';
import type { Cost, Decision } from '../collaboration/decision.ts';
import type { FactOf, LostCalls, TurnTask } from '../collaboration/fact.ts';
import { approvalSentence, type AnsweredContent, type RequestedContent } from './approval-words.ts';
import { costsOfParts } from './analysis-report.ts';
import { totalCost } from './cost.ts';
import { decisionOf, spoken } from './decision-reading.ts';
import { factOf } from './event.ts';
import { gateSentence } from './gate-sentence.ts';
import type { LedgerEvent, MaterialRef, Text, UnrepairedReason } from './event.ts';
import type { RecordSource } from './record.ts';
import { choiceInWords, costsOf, isPaid, isPosition, readRun } from './run-reading.ts';
import type { RunReading, TurnReading } from './run-reading.ts';

/** One finished call, in words. */
export interface TranscriptTurn {
  readonly kind: 'turn';
  readonly seq: number;
  readonly time: string;
  readonly turn: string;
  readonly task: TurnTask;
  readonly round: number;
  readonly seat: string;
  readonly agent: string;
  readonly personas: readonly string[];
  /** The model that answered; `null` where none did. */
  readonly model: string | null;
  readonly simulated: boolean;
  /** Whether it counts, and if not, why: `abstained: refusal`, `cancelled`, `refused: budget`. */
  readonly outcome: string;
  readonly answer: string | null;
  readonly rationale: string;
  readonly evidence: readonly string[];
  readonly critiques: readonly { readonly of: string; readonly text: string }[];
  readonly confidence: number | null;
  /** The turn whose argument was cited. */
  readonly citing: string | null;
  /** What was wrong with the first reply, where it was asked for again. */
  readonly repaired: string | null;
  /** Why an unusable reply was not asked for again; absent where nothing forbade it. */
  readonly unrepaired?: UnrepairedReason;
  readonly leftOut: readonly string[];
  /** Calls for this turn whose answers never came, and what they count against the budget; absent where there are none. */
  readonly lost?: LostCalls;
  /** Of a fork: number of the event in its origin that it was taken over from. */
  readonly reused?: number;
}

/** Anything else that happened, as one sentence. */
export interface TranscriptNote {
  readonly kind: 'round opened' | 'round closed' | 'message' | 'approval' | 'part' | 'note';
  readonly seq: number;
  readonly time: string;
  readonly text: string;
}

/** A run for people to read: what was asked, who said what, how it ended. */
export interface Transcript {
  readonly collaborationId: string;
  readonly pattern: string;
  readonly simulated: boolean;
  readonly question: string;
  readonly options: readonly string[];
  readonly materials: readonly MaterialRef[];
  readonly entries: readonly (TranscriptTurn | TranscriptNote)[];
  /** `null` while the run goes on. */
  readonly decision: Decision | null;
  readonly cost: Cost;
}

/**
 * Tells a run in words, from its ledger alone; a run that goes on is told as far as it is.
 *
 * @throws Error when the events do not begin with `collaboration.opened`
 */
export function buildTranscript({ events, resolve }: RecordSource): Transcript {
  return transcriptOf(readRun(events, resolve));
}

/** Tells a run that was read. */
export function transcriptOf(run: RunReading): Transcript {
  const turns = new Map(run.turns.map((turn) => [turn.event.seq, turn]));
  return {
    collaborationId: run.stream,
    pattern: run.state.plan.pattern,
    simulated: run.isSimulated,
    question: run.textOf(run.opened.question),
    options: run.opened.options,
    materials: run.opened.materials,
    entries: [
      ...originNotes(run),
      ...run.events.flatMap((event): readonly (TranscriptTurn | TranscriptNote)[] => {
        const turn = turns.get(event.seq);
        return turn === undefined ? noteOf(run, event) : [turnEntry(run, turn)];
      }),
    ],
    decision: run.state.verdict === null ? null : decisionOf(run),
    cost: totalCost(costsOf(run), costsOfParts(run)),
  };
}

/** Of a fork, where it comes from. */
function originNotes({ state, events }: RunReading): readonly TranscriptNote[] {
  const { origin } = state.plan;
  if (origin === undefined) return [];
  const taken = `the first ${origin.events} events are taken over`;
  const text = `A fork of ${origin.collaborationId} after its event ${origin.seq}; ${taken}.`;
  return events.slice(0, 1).map(({ seq, time }) => ({ kind: 'note', seq, time, text }));
}

function turnEntry(run: RunReading, turn: TurnReading): TranscriptTurn {
  const { event, fact } = turn;
  const { turn: name, task, round, seat } = fact;
  return {
    kind: 'turn',
    seq: event.seq,
    time: event.time,
    turn: name,
    task,
    round,
    seat,
    ...speakerOf(run, turn),
    outcome: outcomeOf(turn),
    answer: answerOf(run, turn),
    confidence: isPosition(turn) ? turn.fact.confidence : null,
    citing: isPosition(turn) ? turn.fact.citing : null,
    ...wordsOf(run, turn),
    ...(fact.lost === undefined ? {} : { lost: fact.lost }),
    ...(isPaid(fact) && fact.reused !== undefined ? { reused: fact.reused } : {}),
  };
}

type Speaker = Pick<TranscriptTurn, 'agent' | 'personas' | 'model' | 'simulated'>;

function speakerOf(run: RunReading, { fact, content }: TurnReading): Speaker {
  const { seats, plan } = run.state;
  const seat = seats.find((one) => one.seat === fact.seat) ?? plan.chair;
  const { agent, personas, simulated } = seat;
  if (content === null) return { agent, personas, model: null, simulated };
  return { agent: content.agent, personas, model: content.model, simulated: content.simulated };
}

type Words = Pick<
  TranscriptTurn,
  'rationale' | 'evidence' | 'critiques' | 'repaired' | 'unrepaired' | 'leftOut'
>;

function wordsOf(run: RunReading, { content }: TurnReading): Words {
  if (content === null) {
    return { rationale: '', evidence: [], critiques: [], repaired: null, leftOut: [] };
  }
  const { evidence, critiques, repaired, unrepaired, leftOut } = content;
  return {
    rationale: run.textOf(content.rationale),
    evidence,
    critiques,
    repaired,
    ...(unrepaired === undefined ? {} : { unrepaired }),
    leftOut,
  };
}

function outcomeOf({ fact }: TurnReading): string {
  if (!isPaid(fact)) return `refused: ${fact.reason}`;
  if (fact.type === 'turn.abstained') return `abstained: ${fact.reason}`;
  return fact.type === 'turn.cancelled' ? 'cancelled' : 'counted';
}

function answerOf(run: RunReading, turn: TurnReading): string | null {
  const { fact, content } = turn;
  if (isPosition(turn)) return spoken(run, turn);
  if (fact.type === 'judgement.given')
    return listed(choiceInWords(fact.choice, (key) => run.wordsOf(key)));
  if (fact.type === 'answers.grouped') return mergesInWords(run, fact.merges);
  if (fact.type === 'question.decomposed') return partsInWords(run, fact.parts);
  const answer = content === null ? '' : run.textOf(content.answer);
  return answer === '' ? null : answer;
}

function partsInWords(run: RunReading, parts: readonly Part[]): string {
  const questions = new Map(run.parts.map(({ part, question }) => [part, question]));
  return parts
    .map(({ part, kind, after }) => {
      const needs = after.length === 0 ? '' : `, after ${after.join(', ')}`;
      return `${part} (${kind}${needs}): ${String(questions.get(part))}`;
    })
    .join('\n');
}

function listed(words: string | readonly string[] | null): string | null {
  return words === null || typeof words === 'string' ? words : words.join(' > ');
}

function mergesInWords(run: RunReading, merges: Readonly<Record<string, string>>): string {
  const lines = Object.entries(merges)
    .filter(([key, standsFor]) => key !== standsFor)
    .map(([key, standsFor]) => `"${run.wordsOf(key)}" counts as "${run.wordsOf(standsFor)}"`);
  return lines.length === 0 ? 'no two answers mean the same' : lines.join('; ');
}

function noteOf(run: RunReading, event: LedgerEvent): readonly TranscriptNote[] {
  const fact = factOf(event);
  if (fact === undefined || 'turn' in fact || fact.type === 'collaboration.opened') return [];
  const { seq, time } = event;
  if (fact.type === 'round.opened') {
    return [{ kind: 'round opened', seq, time, text: openingOf(fact) }];
  }
  if (fact.type === 'round.closed') {
    const text = `Round ${fact.round} (${fact.phase}) closed: ${fact.reason}.`;
    return [{ kind: 'round closed', seq, time, text }];
  }
  if (fact.type === 'message.added') {
    return [{ kind: 'message', seq, time, text: `${fact.by}: ${messageText(run, event)}` }];
  }
  if ('approval' in fact) return [{ kind: 'approval', seq, time, text: askedOf(run, event, fact) }];
  if ('part' in fact) return [{ kind: 'part', seq, time, text: partSentence(fact) }];
  return [{ kind: 'note', seq, time, text: sentenceOf(run, fact) }];
}

function askedOf(run: RunReading, event: LedgerEvent, fact: ApprovalFact): string {
  const content = (event.data['content'] ?? {}) as Partial<RequestedContent & AnsweredContent>;
  const { question = '', text, comment = null } = content;
  const choice = fact.type === 'approval.answered' ? fact.choice : null;
  return approvalSentence(fact, {
    question,
    choice: text ?? (choice === null ? null : run.wordsOf(choice)),
    comment,
  });
}

function openingOf({ round, phase, seats, directives }: FactOf<'round.opened'>): string {
  const context = directives.context === 'summary' ? ', earlier rounds as a summary' : '';
  const last = directives.isLast ? ', the last one' : '';
  return `Round ${round}: ${phase} of ${seats.join(', ')}${context}${last}`;
}

function messageText(run: RunReading, event: LedgerEvent): string {
  const content = event.data['content'] as { readonly text?: Text } | undefined;
  return run.textOf(content?.text ?? '');
}

/** What people, the clock and the budget caused. */
type NotedFact = FactOf<
  | 'gate.decided'
  | 'threshold.reached'
  | 'collaboration.paused'
  | 'collaboration.resumed'
  | 'collaboration.cancelled'
  | 'closing.requested'
  | 'deadline.passed'
  | 'participant.added'
  | 'budget.raised'
  | 'decision.reached'
>;

function asksAtGate({ state }: RunReading): boolean {
  return state.plan.people?.points.includes('gate') === true;
}

function sentenceOf(run: RunReading, fact: NotedFact): string {
  switch (fact.type) {
    case 'gate.decided':
      return gateSentence(fact, (key) => run.wordsOf(key), asksAtGate(run));
    case 'threshold.reached':
      return `${fact.percent} % of the budget are used.`;
    case 'collaboration.paused':
      return `Paused by ${fact.by}.`;
    case 'collaboration.resumed':
      return `Resumed by ${fact.by}.`;
    case 'collaboration.cancelled':
      return `Cancelled by ${fact.by}: ${fact.reason}`;
    case 'closing.requested':
      return `${fact.by} closes the ${fact.scope}.`;
    case 'deadline.passed':
      return 'The deadline has passed.';
    case 'participant.added':
      return `${fact.by} adds ${fact.seat.agent} as ${fact.seat.seat}.`;
    case 'budget.raised':
      return `${fact.by} sets the budget: ${limitsInWords(fact)}.`;
    case 'decision.reached':
      return `Decision reached: ${fact.verdict.kind}, stopped by ${fact.verdict.stoppedBy}.`;
  }
}

function limitsInWords({ budget }: FactOf<'budget.raised'>): string {
  const tokens = budget.tokens === null ? 'no limit of tokens' : `${budget.tokens} tokens`;
  const micros = budget.microsUsd;
  return `${tokens}, ${micros === null ? 'no limit of money' : `${micros / 1_000_000} USD`}`;
}
