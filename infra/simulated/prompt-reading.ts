import { quoteMark } from '../../domain/prompts/quote.ts';
import { schemaInstructionStart } from '../../domain/prompts/schema-instruction.ts';

/** What a simulated agent understands of a prompt. */
export interface PromptReading {
  readonly question: string;
  readonly round: number;
  /** Its own anonymous name; empty where it was not told. */
  readonly self: string;
  /** What it answered before; `null` where nothing. */
  readonly held: string | null;
  /** The latest answer of every participant, by anonymous name. */
  readonly positions: ReadonlyMap<string, string>;
  /** Answers of the parts of the question, by the part's name, as the chair of an analysis gets them. */
  readonly parts: ReadonlyMap<string, string>;
  readonly isRepair: boolean;
}

/** Reads a prompt as `buildPrompt` writes it; of any other the whole text is the question. */
export function readPrompt(text: string): PromptReading {
  const lines = text.split('\n');
  const own = lines.filter((line) => !line.startsWith(quoteMark));
  const named = (pattern: RegExp): string | undefined =>
    own.flatMap((line) => pattern.exec(line)?.[1] ?? []).at(-1);
  const answersOf = (heading: RegExp): ReadonlyMap<string, string> =>
    new Map(
      lines.flatMap((line, index) => {
        const name = heading.exec(line)?.[1];
        return name === undefined ? [] : [[name, quotedAfter(lines, index)] as const];
      }),
    );
  return {
    question: quotedUnder(lines, 'The question:') ?? text,
    round: Number(named(/^This is round (\d+)\./) ?? 1),
    self: named(/^You are (Participant [A-Z]+)\.$/) ?? '',
    held: quotedUnder(lines, 'Your answer so far:'),
    positions: answersOf(/^(Participant [A-Z]+) answered:$/),
    parts: answersOf(/^Part (p\d+) answered/),
    isRepair: own.includes('You have replied already:'),
  };
}

/** Finds the JSON schema that a prompt states in words; `null` where it states none. */
export function schemaInPrompt(text: string): Readonly<Record<string, unknown>> | null {
  const start = text.lastIndexOf(schemaInstructionStart);
  if (start < 0) return null;
  const line = text.slice(start).split('\n')[1] ?? '';
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    // Someone else's words that begin alike: no schema.
    return null;
  }
}

function quotedUnder(lines: readonly string[], heading: string): string | null {
  const index = lines.indexOf(heading);
  return index < 0 ? null : quotedAfter(lines, index);
}

function quotedAfter(lines: readonly string[], index: number): string {
  const quoted: string[] = [];
  for (const line of lines.slice(index + 1)) {
    if (!line.startsWith(quoteMark)) break;
    quoted.push(line.slice(quoteMark.length));
  }
  return quoted.join('\n');
}
