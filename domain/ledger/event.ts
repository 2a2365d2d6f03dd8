import type { Contradiction, PartQuestion } from '../analysis/analysis-terms.ts';
import type { CommandRecord } from '../commands/command-trace.ts';
import type { Fact, FactType, TurnFact } from '../collaboration/fact.ts';
import type { FinishReason } from '../providers/model-connector.ts';
import { isSandboxEvent } from '../sandbox/run-fact.ts';
import type { SandboxEventType } from '../sandbox/run-fact.ts';

/** The prefix and version that turn a fact's type into an event's type. */
export type EventType =
  `conclave.${FactType}.v1` | 'conclave.decision.sealed.v1' | SandboxEventType;

/** Text over this many UTF-8 bytes goes to S3 and leaves `{ artifact, bytes }` in the event. */
export const inlineBytesMax = 8192;

/** Text of an event: in place, or as an artifact named by its SHA-256. */
export type Text = string | { readonly artifact: string; readonly bytes: number };

/** What forbids to ask again for an unusable reply: the budget has no room, or a program's tenant may not run code any more. */
export type UnrepairedReason = 'budget' | 'not-permitted';

/** What a turn's event carries beside its fact. */
export interface TurnContent {
  /** The answer in words: an option's text, or the open answer. Empty where there is none. */
  readonly answer: Text;
  readonly rationale: Text;
  /** Words of the open answers that this turn names by key, where `answer` alone does not tell them. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The parts in words; of a decomposition only. */
  readonly parts?: readonly PartQuestion[];
  /** What the parts' answers contradict each other about; of the synthesis of an analysis only. */
  readonly contradictions?: readonly Contradiction[];
  /** Points that support the answer. */
  readonly evidence: readonly string[];
  /** Critiques of the others' positions, by the anonymous name under which this seat saw them. */
  readonly critiques: readonly { readonly of: string; readonly text: string }[];
  /** The model that answered, as its provider names it; differs from the seat's where a fallback was used. */
  readonly model: string;
  readonly agent: string;
  readonly simulated: boolean;
  readonly finish: FinishReason;
  /** Whether the first reply was not what was asked, and what was wrong with it. */
  readonly repaired: string | null;
  /** Why a reply that is not what was asked was not asked for again; absent where nothing forbade it. */
  readonly unrepaired?: UnrepairedReason;
  /** SHA-256 of the prompt as it was sent, hexadecimal. */
  readonly promptSha256: string;
  readonly latencyMs: number;
  /** What was left out of the prompt, one line each; empty when all fitted. */
  readonly leftOut: readonly string[];
  /** How the programs ran that gave this answer, in the order of their calls; absent where a model was asked by HTTP. */
  readonly commands?: readonly CommandEvidence[];
}

/** One run of a program: its record, and the artifact with what it printed, as JSON with `stdout` and `stderr`. */
export interface CommandEvidence extends CommandRecord {
  readonly output: { readonly artifact: string; readonly bytes: number };
}

/** Content of the first event of a collaboration. */
export interface OpenedContent {
  readonly question: Text;
  readonly options: readonly string[];
  readonly materials: readonly MaterialRef[];
  /** Custom personas of this run, by name. */
  readonly personas: Readonly<Record<string, string>>;
}

/** A material as stored: its bytes are an artifact. */
export interface MaterialRef {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Content of the event that closes a stream. */
export interface SealedContent {
  /** Artifact of the sealed record. */
  readonly record: string;
  /** Artifact of the transcript. */
  readonly transcript: string;
  readonly keyId: string;
  /** The record's signature, base64: the chain bears witness to it. */
  readonly signature: string;
}

/** An event before the ledger gave it its place. `id` is derived from what happened, so that appending twice is appending once. */
export interface NewEvent {
  readonly id: string;
  readonly type: EventType;
  /** Who caused it, for instance `/collaborations/c_…/seats/s1` or `/users/local`. */
  readonly source: string;
  readonly subject: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One immutable fact in the ledger, in CloudEvents shape, chained by hash. */
export interface LedgerEvent extends NewEvent {
  readonly stream: string;
  /** Place in the stream, 1, 2, 3 … without gaps. */
  readonly seq: number;
  /** `hash` of the event before; 64 zeros for the first. */
  readonly previousHash: string;
  /** SHA-256 over the canonical JSON (RFC 8785) of all the other fields, hexadecimal. */
  readonly hash: string;
}

/** Computes SHA-256 of UTF-8 text, hexadecimal. The domain takes it as an argument because it may import no Node module. */
export type Sha256 = (text: string) => string;

/** `previousHash` of a stream's first event. */
export const genesisHash = '0'.repeat(64);

/** What an event says beside its fact. */
export interface EventAbout {
  readonly id: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly content?: unknown;
}

/**
 * Makes the event of a fact.
 *
 * @param fact - what happened
 * @param about - the event's identity, time and content; `content` is left out of the data when undefined
 */
export function eventOf(fact: Fact, about: EventAbout): NewEvent {
  const { type, ...fields } = fact;
  return {
    id: about.id,
    type: `conclave.${type}.v1`,
    source: about.source,
    subject: about.subject,
    time: about.time,
    data: about.content === undefined ? fields : { ...fields, content: about.content },
  };
}

/**
 * Reads the fact out of an event.
 *
 * @returns the fact, or `undefined` for an event that is no fact of a collaboration (the seal, runs in a sandbox)
 */
export function factOf(event: Pick<NewEvent, 'type' | 'data'>): Fact | undefined {
  if (event.type === 'conclave.decision.sealed.v1' || isSandboxEvent(event.type)) return undefined;
  const fields = Object.entries(event.data).filter(([name]) => name !== 'content');
  const type = event.type.slice('conclave.'.length, -'.v1'.length);
  return { type, ...Object.fromEntries(fields) } as Fact;
}

/** A turn's fact together with its content, as an activity hands it to the ledger. */
export interface TurnOutcome {
  readonly fact: TurnFact;
  readonly content: TurnContent | null;
}
