import type { SealedRecord } from '../domain/collaboration/decision.ts';
import { canonicalJson } from '../domain/ledger/canonical.ts';
import type { LedgerEvent, NewEvent, SealedContent } from '../domain/ledger/event.ts';
import { recordOf, signedBytes } from '../domain/ledger/record.ts';
import { readRun, type ResolveText, type RunReading } from '../domain/ledger/run-reading.ts';
import { transcriptMarkdown } from '../domain/ledger/transcript-markdown.ts';
import { transcriptOf } from '../domain/ledger/transcript.ts';
import type { ArtifactStore, StoredArtifact } from '../infra/artifacts/artifact-store.ts';
import { sha256Of, type Signer } from '../infra/signing.ts';
import type { ArtifactEntry, ArtifactIndex } from '../infra/stores/artifact-index.ts';
import type { CollaborationStore } from '../infra/stores/collaboration-store.ts';
import type { LedgerStore } from '../infra/stores/ledger-store.ts';
import type { Activities, RecordFactsResult } from './activities.ts';
import type { RunKey } from './case-files.ts';
import { fetchLongText, isLongText } from './long-text.ts';

/** What sealing needs. */
export interface SealDecisionDeps {
  readonly ledger: Pick<LedgerStore, 'readUpTo'>;
  readonly artifacts: Pick<ArtifactStore, 'put' | 'get'>;
  readonly index: Pick<ArtifactIndex, 'record'>;
  readonly collaborations: Pick<CollaborationStore, 'seal'>;
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
    if (instead === null) return await seal(run);
    return { record: isSealable(instead) ? (await seal(run)).record : null, instead };
  };
}

/** Nothing may follow the seal: what is outstanding has to be settled before. */
function isSealable(recorded: Exclude<RecordFactsResult, null>): boolean {
  const isOutstanding = recorded.kind === 'behind' && recorded.outstanding.length > 0;
  return !isOutstanding && recorded.facts.some(({ type }) => type === 'decision.reached');
}

/** Media type of a sealed record, whose bytes are canonical JSON. */
export const recordMediaType = 'application/json';

/** Media type of a transcript. */
export const transcriptMediaType = 'text/markdown; charset=utf-8';

/**
 * Makes what builds, signs and stores the decision record. Repeating it changes nothing: the same events
 * give the same bytes, and a stream that is sealed already is left as it is.
 */
export function createSeal(deps: SealDecisionDeps): (run: RunKey) => Promise<{ record: string }> {
  return async (input) => {
    const stream = { tenantId: input.tenantId, stream: input.collaborationId };
    const events = await deps.ledger.readUpTo(stream);
    const earlier = sealIn(events);
    if (earlier !== undefined) return { record: earlier.record };
    const run = readRun(events, await longTexts(deps, input.tenantId, events));
    const record = signedRecord(deps.signer, run, input);
    const stored = await store(deps, input.tenantId, {
      record: canonicalJson(record),
      transcript: transcriptMarkdown(transcriptOf(run)),
    });
    return await close(deps, { input, run, record, ...stored });
  };
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

/** Fetches the texts that were too long for the ledger, all at once. */
async function longTexts(
  deps: SealDecisionDeps,
  tenantId: string,
  events: readonly LedgerEvent[],
): Promise<ResolveText> {
  const names = new Set(events.flatMap(({ data }) => longTextsIn(data['content'])));
  const texts = new Map(
    await Promise.all(
      [...names].map(
        async (sha256) => [sha256, await fetchLongText(deps, tenantId, sha256)] as const,
      ),
    ),
  );
  return ({ artifact }) => {
    const text = texts.get(artifact);
    if (text === undefined) throw new Error(`text ${artifact}: was not fetched`);
    return text;
  };
}

function longTextsIn(content: unknown): readonly string[] {
  if (typeof content !== 'object' || content === null) return [];
  return Object.values(content).flatMap((value) => (isLongText(value) ? [value.artifact] : []));
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

function sealEvent({ collaborationId }: RunKey, content: SealedContent, time: string): NewEvent {
  return {
    id: `${collaborationId}/sealed`,
    type: 'conclave.decision.sealed.v1',
    source: `/collaborations/${collaborationId}`,
    subject: collaborationId,
    time,
    data: { content },
  };
}

function sealIn(events: readonly LedgerEvent[]): SealedContent | undefined {
  const seal = events.find(({ type }) => type === 'conclave.decision.sealed.v1');
  return seal?.data['content'] as SealedContent | undefined;
}
