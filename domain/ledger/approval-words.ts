import type { ApprovalFact } from '../approvals/approvals.ts';
import type { FactOf, Verdict } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { gateSentence } from './gate-sentence.ts';

/** Longest answer that a question to people quotes, characters. */
const quotedCharactersMax = 1_000;

/** What a question to people is put together from. */
export interface QuestionSource {
  /** The run with the facts of the same step folded in. */
  readonly state: RunState;
  readonly wordsOf: (key: string) => string;
  /** The answer as the chair wrote it up; `null` where it wrote none. */
  readonly writtenUp: string | null;
}

/** What the event of a question to people carries. */
export interface RequestedContent {
  readonly question: string;
}

/** What the event of an answer carries, where somebody said more than one word. */
export interface AnsweredContent {
  readonly text?: string;
  readonly comment?: string;
}

/**
 * Says in words what a run asks people after its start; the questions at the start are the request's own.
 *
 * @param fact - what it asks
 * @param source - the run as it stands
 */
export function approvalQuestion(
  fact: FactOf<'approval.requested'>,
  source: QuestionSource,
): string {
  const { state } = source;
  if (fact.candidate !== undefined) return decisionQuestion(fact.candidate, source);
  const gate = fact.point === 'gate' ? state.gate : undefined;
  if (gate !== undefined) {
    return `${gateSentence(gate, source.wordsOf, true)} Is the blind vote enough (done), or is it to be debated (debate)?`;
  }
  const { round, plan } = state;
  return `Round ${String(round)} of at most ${String(plan.rounds)} is over. Go on (approve), or stop with what there is (reject)?`;
}

function decisionQuestion(candidate: Verdict, { wordsOf, writtenUp }: QuestionSource): string {
  const { answer, reason, explanation } = candidate;
  const why = explanation.replaceAll(
    /"([^"]+)"/g,
    (_quoted, key: string) => `"${clipped(wordsOf(key))}"`,
  );
  const outcome =
    answer === null
      ? `The panel came to no decision (${String(reason)}: ${why}).`
      : `The panel decided for "${clipped(writtenUp ?? wordsOf(answer))}" (${why}).`;
  return `${outcome} Shall that hold (approve), shall there be no decision (reject), or is it another answer (edit)?`;
}

function clipped(text: string): string {
  const characters = Array.from(text);
  return characters.length <= quotedCharactersMax
    ? text
    : `${characters.slice(0, quotedCharactersMax).join('')} …`;
}

/**
 * Tells a fact about an approval in one sentence.
 *
 * @param fact - what happened
 * @param said - the words beside it; `null` where there are none
 * @param said.question - what was asked
 * @param said.choice - a reply, or the answer that decides
 * @param said.comment - what was said beside it
 */
export function approvalSentence(
  fact: ApprovalFact,
  said: {
    readonly question: string;
    readonly choice: string | null;
    readonly comment: string | null;
  },
): string {
  const { approval } = fact;
  switch (fact.type) {
    case 'approval.requested':
      return `Asks people (${approval}): ${said.question}`;
    case 'approval.answered': {
      const remembered = fact.remembered === undefined ? '' : `, as in ${fact.remembered}`;
      const choice = said.choice === null ? '' : `: ${said.choice}`;
      const comment = said.comment === null ? '' : ` (${said.comment})`;
      return `${fact.by} answers ${approval}${remembered} with ${fact.answer}${choice}${comment}`;
    }
    case 'approval.expired':
      return `Nobody answered ${approval} in time: ${fact.answer} holds.`;
    case 'approval.withdrawn':
      return `${approval} is withdrawn: the run was ended.`;
  }
}
