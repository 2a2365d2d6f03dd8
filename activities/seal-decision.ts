import type { SealedRecord } from '../domain/collaboration/decision.ts';
import type { TurnFact } from '../domain/collaboration/fact.ts';
import { canonicalJson } from '../domain/ledger/canonical.ts';
import { factOf } from '../domain/ledger/event.ts';
import type { LedgerEvent, NewEvent, SealedContent } from '../domain/ledger/event.ts';
import { recordOf, signedBytes } from '../domain/ledger/record.ts';
import { readRun, type RunReading } from '../domain/ledger/run-reading.ts';
import { transcriptMarkdown } from '../domain/ledger/transcript-markdown.ts';
import { transcriptOf } from '../domain/ledger/transcript.ts';
import type { ArtifactStore, StoredArtifact } from '../infra/artifacts/artifact-store.ts';
import { sha256Of, type Signer } from '../infra/signing.ts';
import type { ArtifactEntry, ArtifactIndex } from '../infra/stores/artifact-index.ts';
import type { CollaborationStore } from '../infra/stores/collaboration-store.ts';
import type { LedgerStore } from '../infra/stores/ledger-store.ts';
import type { TurnStore } from '../infra/stores/turn-store.ts';
import type { Activities, DecidedFact, RecordFactsResult } from './activities.ts';
import type { RunKey } from './case-files.ts';
import { longTexts } from './long-text.ts';

/** What sealing needs. */
export interface SealDecisionDeps {
  readonly ledger: Pick<LedgerStore, 'readUpTo'>;
  readonly artifacts: Pick<ArtifactStore, 'put' | 'get'>;
  readonly index: Pick<ArtifactIndex, 'record'>;
  readonly collaborations: Pick<CollaborationStore, 'seal'>;
  readonly turns: Pick<TurnStore, 'endAbandoned'>;
  readonly signer: Pick<Signer, 'keyId' | 'publicKey' | 'sign'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Makes the activity that records a run's last facts and seals its decision: one step, since nothing may come between
 * them. Repeating it changes nothing.
 */
export function createSealDecision(
  deps: SealDecisionDeps & { readonly recordFacts: Activities['recordFacts'] },
): Activities['sealDecision'] {
  const seal = createSeal(deps);
  return async ({ facts, known, ...run }) => {
    const instead =
      facts.length === 0 ? null : await deps.recordFacts({ ...run, facts, known, awaited: [] });
    if (instead !== null && !isSealable(instead)) return { record: null, instead };
    const { record, ended } = await seal(run);
    if (ended.length > 0) return { record, instead: withEnded(facts, instead, ended) };
    return instead === null ? { record } : { record, instead };
  };
}

/** What stands in place of the facts that were to be recorded, where a decision is among it. */
type Replacing = Exclude<RecordFactsResult, null | { readonly kind: 'missed' }>;

/** The workflow has not heard of turns that ended with the sealing. */
function withEnded(
  facts: readonly DecidedFact[],
  instead: Replacing | null,
  ended: readonly TurnFact[],
): Replacing {
  const recorded = instead ?? { kind: 'replaced', facts: facts.map(({ fact }) => fact) };
  return { ...recorded, facts: [...recorded.facts, ...ended] };
}

/** Nothing may follow the seal: what is outstanding has to be settled before. */
function isSealable(recorded: Exclude<RecordFactsResult, null>): recorded is Replacing {
  const isOutstanding = recorded.kind === 'behind' && recorded.outstanding.length > 0;
  return !isOutstanding && recorded.facts.some(({ type }) => type === 'decision.reached');
}

/** Media type of a sealed record, whose bytes are canonical JSON. */
export const recordMediaType = 'application/json';

/** Media type of a transcript. */
export const transcriptMediaType = 'text/markdown; charset=utf-8';

/** A run that was sealed: its record, by its artifact, and the turns that ended with the sealing. */
export interface Seal {
  readonly record: string;
  readonly ended: readonly TurnFact[];
}

/**
 * Makes what ends the turns that nobody asks for any more and that may have cost something, and builds, signs and stores
 * the decision record. Repeating it changes nothing: the same events give the same bytes, and a stream that is sealed
 * already is left as it is.
 */
export function createSeal(deps: SealDecisionDeps): (run: RunKey) => Promise<Seal> {
  return async (input) => {
    const stream = { tenantId: input.tenantId, stream: input.collaborationId };
    // By it these are known when the sealing is repeated.
    const source = `${sourceOf(input)}/sealing`;
    await deps.turns.endAbandoned({ ...input, source, time: new Date(deps.now()).toISOString() });
    const events = await deps.ledger.readUpTo(stream);
    const ended = events.filter((event) => event.source === source).flatMap(turnFactOf);
    const earlier = sealIn(events);
    if (earlier !== undefined) return { record: earlier.record, ended };
    const run = readRun(events, await longTexts(deps, input.tenantId, events));
    const record = signedRecord(deps.signer, run, input);
    const stored = await store(deps, input.tenantId, {
      record: canonicalJson(record),
      transcript: transcriptMarkdown(transcriptOf(run)),
    });
    const { record: sealed } = await close(deps, { input, run, record, ...stored });
    return { record: sealed, ended };
  };
}

function sourceOf({ collaborationId }: RunKey): string {
  return `/collaborations/${collaborationId}`;
}

function turnFactOf(event: LedgerEvent): readonly TurnFact[] {
  const fact = factOf(event);
  return fact !== undefined && 'turn' in fact ? [fact] : [];
}

function signedRecord(
  signer: SealDecisionDeps['signer'],
  run: RunReading,
  { tenantId, collaborationId }: RunKey,
): SealedRecord {
  const decided = run.events.find(({ type }) => type === 'conclave.decision.reached.v1');
  // The time of the decision, not of the sealing: so a second try signs the same bytes.
  const sealedAt = decided?.time ?? '';
  const { keyId, publicKey } = signer;
  const identity = { tenantId, collaborationId, sealedAt, keyId, publicKey };
  const unsigned = recordOf(run, identity, sha256Of);
  return { ...unsigned, signature: signer.sign(signedBytes(unsigned)) };
}

interface StoredSeal {
  readonly recordEntry: ArtifactEntry;
  readonly transcriptEntry: ArtifactEntry;
}

async function store(
  deps: SealDecisionDeps,
  tenantId: string,
  texts: { readonly record: string; readonly transcript: string },
): Promise<StoredSeal> {
  const put = async (text: string, mediaType: string): Promise<ArtifactEntry> => {
    const bytes = new TextEncoder().encode(text);
    const stored: StoredArtifact = await deps.artifacts.put(tenantId, bytes, mediaType);
    return { ...stored, mediaType };
  };
  const [recordEntry, transcriptEntry] = await Promise.all([
    put(texts.record, recordMediaType),
    put(texts.transcript, transcriptMediaType),
  ]);
  // Before the seal names them, so that nobody who sees the seal finds them missing.
  await deps.index.record(tenantId, [recordEntry, transcriptEntry]);
  return { recordEntry, transcriptEntry };
}

interface Closing extends StoredSeal {
  readonly input: RunKey;
  readonly run: RunReading;
  readonly record: SealedRecord;
}

async function close(deps: SealDecisionDeps, closing: Closing): Promise<{ record: string }> {
  const { input, run, record, recordEntry, transcriptEntry } = closing;
  const { kind, answer, reason, explanation, rounds, stoppedBy, cost, simulated } = record.decision;
  const content: SealedContent = {
    record: recordEntry.sha256,
    transcript: transcriptEntry.sha256,
    keyId: record.keyId,
    signature: record.signature,
  };
  const sealed = await deps.collaborations.seal({
    ...input,
    status: run.state.cancelled === null ? 'completed' : 'cancelled',
    recordSha256: recordEntry.sha256,
    transcriptSha256: transcriptEntry.sha256,
    decision: { kind, answer, reason, explanation, rounds, stoppedBy, cost, simulated },
    event: sealEvent(input, content, new Date(deps.now()).toISOString()),
  });
  // Where another worker was faster, its seal is the one that counts.
  return { record: sealIn([sealed])?.record ?? recordEntry.sha256 };
}

function sealEvent(run: RunKey, content: SealedContent, time: string): NewEvent {
  const { collaborationId } = run;
  return {
    id: `${collaborationId}/sealed`,
    type: 'conclave.decision.sealed.v1',
    source: sourceOf(run),
    subject: collaborationId,
    time,
    data: { content },
  };
}

function sealIn(events: readonly LedgerEvent[]): SealedContent | undefined {
  const seal = events.find(({ type }) => type === 'conclave.decision.sealed.v1');
  return seal?.data['content'] as SealedContent | undefined;
}
