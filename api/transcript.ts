import { buildTranscript } from '../domain/ledger/transcript.ts';
import type { Transcript } from '../domain/ledger/transcript.ts';
import type { LedgerEvent } from '../domain/ledger/event.ts';
import type { ResolveText } from '../domain/ledger/run-reading.ts';
import type { ApiDeps } from './ports.ts';

/**
 * Tells a run in words as far as it is, from its ledger.
 *
 * @param deps - ledger, and artifacts for texts that are too long for it
 * @param tenantId - whose run
 * @param stream - the collaboration's id
 */
export async function readTranscript(
  deps: Pick<ApiDeps, 'ledger' | 'artifacts'>,
  tenantId: string,
  stream: string,
): Promise<Transcript> {
  return buildTranscript(await readStream(deps, tenantId, stream));
}

/** A run's events with the texts that are too long for them. */
export interface StreamReading {
  readonly events: readonly LedgerEvent[];
  readonly resolve: ResolveText;
}

/**
 * Reads a run's whole stream, and from the artifacts what was too long for it.
 *
 * @param deps - ledger and artifacts
 * @param tenantId - whose run
 * @param stream - the collaboration's id
 */
export async function readStream(
  deps: Pick<ApiDeps, 'ledger' | 'artifacts'>,
  tenantId: string,
  stream: string,
): Promise<StreamReading> {
  const events = await deps.ledger.readUpTo({ tenantId, stream });
  return { events, resolve: await readTexts(deps, tenantId, events) };
}

/**
 * Fetches the texts of events that were too long for the ledger.
 *
 * @returns gives them; throws for one that is not in the store
 */
export async function readTexts(
  deps: Pick<ApiDeps, 'artifacts'>,
  tenantId: string,
  events: readonly LedgerEvent[],
): Promise<ResolveText> {
  const texts = new Map<string, string>();
  await Promise.all(
    longTextsOf(events).map(async (sha256) => {
      const artifact = await deps.artifacts.get(tenantId, sha256);
      if (artifact !== undefined) texts.set(sha256, Buffer.from(artifact.bytes).toString('utf8'));
    }),
  );
  return ({ artifact }) => {
    const text = texts.get(artifact);
    if (text === undefined) throw new Error(`text ${artifact}: not in the store`);
    return text;
  };
}

/** Finds the artifacts that stand for texts: in an event's content, `{ artifact, bytes }` and no more. */
function longTextsOf(events: readonly LedgerEvent[]): readonly string[] {
  const found = events.flatMap((event) =>
    Object.values((event.data['content'] ?? {}) as Record<string, unknown>).flatMap((value) =>
      isReference(value) ? [value.artifact] : [],
    ),
  );
  return [...new Set(found)];
}

function isReference(value: unknown): value is { artifact: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'artifact' in value &&
    typeof value.artifact === 'string'
  );
}
