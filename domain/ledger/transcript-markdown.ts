import type { Cost, Decision, DecisionVote, PartReport } from '../collaboration/decision.ts';
import type { LostCalls } from '../collaboration/fact.ts';
import { debateSentences } from './debate-sentences.ts';
import { peopleSentences } from './people-sentences.ts';
import type { UnrepairedReason } from './event.ts';
import type { Transcript, TranscriptNote, TranscriptTurn } from './transcript.ts';

/**
 * Writes a transcript as Markdown. What participants said stands in block quotes, so that no heading or list of
 * theirs can pass for one of ours.
 */
export function transcriptMarkdown(transcript: Transcript): string {
  const blocks = [
    `# ${capitalised(transcript.pattern)} ${transcript.collaborationId}`,
    ...(transcript.simulated
      ? ['**Simulated: at least one participant is not a real model. Nothing here is advice.**']
      : []),
    ...questionBlocks(transcript),
    ...transcript.entries.flatMap((entry) =>
      entry.kind === 'turn' ? turnBlocks(entry) : noteBlocks(entry),
    ),
    ...decisionBlocks(transcript.decision),
    '## Cost',
    costLine(transcript.cost),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function questionBlocks({ question, options, materials }: Transcript): readonly string[] {
  return [
    '## Question',
    quoted(question),
    ...list(options.map((option, index) => `${index + 1}. ${oneLine(option)}`)),
    ...list(
      materials.map(
        ({ name, bytes, sha256 }) =>
          `- ${oneLine(name)} (${bytes} bytes, SHA-256 \`${sha256.slice(0, shortHashDigits)}…\`)`,
      ),
    ),
  ];
}

const shortHashDigits = 12;

function turnBlocks(turn: TranscriptTurn): readonly string[] {
  return [
    `### ${headingOf(turn)}`,
    ...(turn.outcome === 'counted' ? [] : [`*${turn.outcome}*`]),
    ...(turn.answer === null ? [] : [quoted(`**${turn.answer.trim()}**`)]),
    ...(turn.rationale === '' ? [] : [quoted(turn.rationale)]),
    ...list(turn.evidence.map((point) => `- Evidence: ${oneLine(point)}`)),
    ...list(turn.critiques.map(({ of, text }) => `- On ${oneLine(of)}: ${oneLine(text)}`)),
    ...list(remarksOf(turn)),
  ];
}

function headingOf(turn: TranscriptTurn): string {
  const personas = turn.personas.length === 0 ? '' : ` as ${turn.personas.join(', ')}`;
  const model = turn.model === null ? '' : ` (${turn.model})`;
  const mark = turn.simulated ? ' [simulated]' : '';
  return oneLine(`${turn.seat}, ${turn.agent}${personas}${model}: ${turn.task}${mark}`);
}

const forbidden: Readonly<Record<UnrepairedReason, string>> = {
  budget: 'the budget had no room for it',
  'not-permitted': 'the tenant may not run code any more',
};

function remarksOf(turn: TranscriptTurn): readonly string[] {
  return [
    ...(turn.confidence === null ? [] : [`- Confidence: ${turn.confidence}`]),
    ...(turn.citing === null ? [] : [`- Cites: ${turn.citing}`]),
    ...(turn.repaired === null ? [] : [`- Asked again, because: ${oneLine(turn.repaired)}`]),
    ...(turn.unrepaired === undefined ? [] : [`- Not asked again: ${forbidden[turn.unrepaired]}`]),
    ...(turn.reused === undefined ? [] : [`- Reused: event ${turn.reused} of the origin`]),
    ...turn.leftOut.map((line) => `- Left out of the prompt: ${oneLine(line)}`),
    ...(turn.lost === undefined ? [] : [lostLine(turn.lost)]),
  ];
}

const microsPerUsd = 1_000_000;

function lostLine({ calls, tokens, microsUsd }: LostCalls): string {
  const counted = `${tokens} tokens and ${microsUsd / microsPerUsd} USD`;
  return `- Calls that may have been paid and were never answered: ${calls}; counted as reserved, ${counted}`;
}

function noteBlocks(note: TranscriptNote): readonly string[] {
  switch (note.kind) {
    case 'round opened':
      return [`## ${oneLine(note.text)}`];
    case 'message':
      return [quoted(`Message from ${note.text}`)];
    case 'approval':
      return [quoted(note.text)];
    case 'round closed':
    case 'part':
    case 'note':
      return [`*${oneLine(note.text)}*`];
  }
}

function decisionBlocks(decision: Decision | null): readonly string[] {
  if (decision === null) return ['## Decision', '*None yet.*'];
  const { answer, reason, explanation } = decision;
  return [
    `## Decision${decision.simulated ? ' [simulated]' : ''}`,
    answer === null ? `No decision: ${String(reason)}.` : quoted(`**${answer.trim()}**`),
    `${oneLine(explanation)} (${courseOf(decision)})`,
    ...partBlocks(decision),
    ...list(
      (decision.people ? peopleSentences(decision.people) : []).map((line) => `- ${oneLine(line)}`),
    ),
    ...list(decision.votes.map(voteLine)),
    ...list(
      (decision.debate ? debateSentences(decision.debate, decision.people) : []).map(
        (line) => `- ${oneLine(line)}`,
      ),
    ),
    ...list(
      decision.flips.map(
        ({ seat, round, from, to, citing }) =>
          `- Flip in round ${round}: ${seat} from "${oneLine(from)}" to "${oneLine(to)}", citing ${citing ?? 'nothing'}`,
      ),
    ),
    ...decision.dissent.flatMap(({ seat, agent, answer: lost, rationale }) => [
      `Dissent of ${seat}, ${agent}:`,
      quoted(`**${lost.trim()}**\n\n${rationale}`),
    ]),
  ];
}

function courseOf({ rounds, stoppedBy, parts }: Decision): string {
  const stopped = `stopped by ${stoppedBy}`;
  if (parts !== undefined) return stopped;
  return `${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ${stopped}`;
}

function partBlocks({ parts = [], contradictions = [] }: Decision): readonly string[] {
  return [
    ...parts.flatMap((part) => [
      `### ${oneLine(partHeading(part))}`,
      quoted(part.question),
      part.answer === null
        ? `*No answer: ${oneLine(outcomeOf(part))}*`
        : quoted(`**${part.answer.trim()}**`),
    ]),
    ...list(
      contradictions.map(
        ({ parts: named, about }) => `- Contradiction of ${named.join(' and ')}: ${oneLine(about)}`,
      ),
    ),
  ];
}

function partHeading({ part, kind, pattern, collaboration }: PartReport): string {
  return `Part ${part}, ${kind}, ${pattern}${collaboration === null ? '' : `: ${collaboration}`}`;
}

function outcomeOf({ ending, reason, explanation }: PartReport): string {
  return `${ending}${reason === null ? '' : `, ${reason}`}${explanation === '' ? '' : `; ${explanation}`}`;
}

function voteLine({ seat, agent, weight, choice, confidence, abstained }: DecisionVote): string {
  const words = typeof choice === 'string' || choice === null ? choice : choice.join(', ');
  const said = words === null ? `abstains (${String(abstained)})` : `"${oneLine(words)}"`;
  const share = weight === 1 ? '' : `, weight ${weight}`;
  const sure = confidence === null ? '' : `, confidence ${confidence}`;
  return `- ${seat}, ${oneLine(agent)}${share}: ${said}${sure}`;
}

function costLine({ calls, unknownCalls, reused = 0, ...cost }: Cost): string {
  const part = (value: number | null, unit: string): string =>
    `${value === null ? 'unknown' : String(value)} ${unit}`;
  const unknown = unknownCalls === 0 ? '' : `, of ${unknownCalls} of them not all is known`;
  const tokens = [
    part(cost.inputTokens, 'input tokens'),
    part(cost.cachedTokens, 'cached'),
    part(cost.outputTokens, 'output tokens'),
    part(cost.usd, 'USD'),
  ];
  const free = reused === 0 ? '' : `; reused ${reused} of the replies that the origin paid`;
  return `${calls} calls${unknown}: ${tokens.join(', ')}${free}`;
}

function list(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function quoted(text: string): string {
  return text
    .split(/\r\n|[\n\r]/)
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
