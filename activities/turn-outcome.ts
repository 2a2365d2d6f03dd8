import type {
  AbstentionReason,
  FactOf,
  TurnCost,
  TurnFact,
  TurnRef,
} from '../domain/collaboration/fact.ts';
import type { TurnContent } from '../domain/ledger/event.ts';
import type { ParsedReply, SynthesisReply } from '../domain/replies/reply.ts';

/** What of a turn's content the reply itself gives; the rest is about the call. */
export type SaidContent = Pick<
  TurnContent,
  'answer' | 'rationale' | 'evidence' | 'critiques' | 'labels' | 'parts' | 'contradictions'
>;

/** A turn in which nothing usable was said. */
export const nothingSaid: SaidContent = { answer: '', rationale: '', evidence: [], critiques: [] };

/** Makes the fact of a reply that was what was asked. */
export function factOfReply(turn: TurnRef, reply: ParsedReply, cost: TurnCost): TurnFact {
  switch (reply.kind) {
    case 'position': {
      const { choice, confidence, citing, vetoes } = reply;
      const fact = {
        type: 'position.submitted' as const,
        ...turn,
        choice,
        confidence,
        citing,
        ...cost,
      };
      return vetoes.length === 0 ? fact : { ...fact, vetoes };
    }
    case 'nomination':
      return {
        type: 'position.submitted',
        ...turn,
        choice: reply.choice,
        confidence: null,
        citing: null,
        ...cost,
      };
    case 'critique':
      return { type: 'critique.submitted', ...turn, ...cost };
    case 'grouping':
      return { type: 'answers.grouped', ...turn, merges: reply.merges, ...cost };
    case 'judgement':
      return { type: 'judgement.given', ...turn, choice: reply.choice, ...cost };
    case 'synthesis':
      return { type: 'synthesis.written', ...turn, ...keysOf(reply), ...cost };
    case 'decomposition':
      return { type: 'question.decomposed', ...turn, parts: reply.parts, ...cost };
  }
}

/** What an analysis decides by; a debate's synthesis has none of it. */
function keysOf({
  ofParts,
}: SynthesisReply): Pick<FactOf<'synthesis.written'>, 'key' | 'contradictions'> {
  if (ofParts === undefined) return {};
  const contradictions = ofParts.contradictions.map(({ parts }) => parts);
  return { key: ofParts.key, ...(contradictions.length === 0 ? {} : { contradictions }) };
}

/** Makes the fact of a turn that gave nothing usable. */
export function abstention(turn: TurnRef, reason: AbstentionReason, cost: TurnCost): TurnFact {
  return { type: 'turn.abstained', ...turn, reason, ...cost };
}

/** Takes the words out of a reply, for the event's content. */
export function contentOfReply(reply: ParsedReply): SaidContent {
  const evidence = 'evidence' in reply ? reply.evidence : [];
  const critiques = 'critiques' in reply ? reply.critiques : [];
  const answer = 'answer' in reply ? reply.answer : '';
  const rationale = 'rationale' in reply ? reply.rationale : '';
  const said = { answer, rationale, evidence, critiques, ...partsIn(reply) };
  const isList = 'choice' in reply && reply.choice.kind !== 'single';
  return isList
    ? { ...said, labels: Object.fromEntries(reply.answers.map(({ key, text }) => [key, text])) }
    : said;
}

function partsIn(reply: ParsedReply): Pick<SaidContent, 'parts' | 'contradictions'> {
  if (reply.kind === 'decomposition') return { parts: reply.questions };
  const contradictions = reply.kind === 'synthesis' ? (reply.ofParts?.contradictions ?? []) : [];
  return contradictions.length === 0 ? {} : { contradictions };
}
