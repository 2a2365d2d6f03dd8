import type { ParentRef, PartContent, PartEnd } from '../domain/analysis/analysis-terms.ts';
import { endOfPart } from '../domain/analysis/part-end.ts';
import { idOfPart } from '../domain/analysis/part-plan.ts';
import type { SealedRecord } from '../domain/collaboration/decision.ts';
import { stateOf } from '../domain/ledger/run-reading.ts';
import type { Collaboration, CollaborationStore } from '../infra/stores/collaboration-store.ts';
import type { LedgerStore } from '../infra/stores/ledger-store.ts';
import type { TurnStore } from '../infra/stores/turn-store.ts';
import type { Presence } from '../infra/temporal/engine.ts';
import type { Activities, PartRef } from './activities.ts';
import { shortOrKept, type LongTextDeps, type TextKeeper } from './long-text.ts';
import { tryLater } from './retry-failures.ts';

/** What the end of a part is read from. */
export interface PartEndDeps {
  readonly collaborations: Pick<CollaborationStore, 'get' | 'markFailed'>;
  readonly ledger: Pick<LedgerStore, 'readUpTo'>;
  readonly turns: Pick<TurnStore, 'endAbandoned'>;
  /** Where Temporal has a run. */
  presence(run: Pick<Collaboration, 'collaborationId' | 'pattern'>): Promise<Presence>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes the activity that tells how a part ended. */
export function createAwaitPart(deps: PartEndDeps): Activities['awaitPart'] {
  return async (ref) => {
    const row = await rowOf(deps, ref);
    const end = row && ((await endIn(deps, ref, row)) ?? (await brokenEnd(deps, ref, row)));
    if (end) return end;
    throw tryLater({ type: 'part-running', message: `${idOfPart(ref)} goes on` });
  };
}

async function rowOf(
  { collaborations }: Pick<PartEndDeps, 'collaborations'>,
  ref: PartRef,
): Promise<Collaboration | undefined> {
  return await collaborations.get(ref.tenantId, idOfPart(ref));
}

/**
 * Tells how a part ended that has sealed its decision, or is known to have broken; `null` while it goes on.
 *
 * @param deps - where its ledger is
 * @param ref - the part
 * @param row - its own run, as it is stored
 */
export async function endIn(
  deps: Pick<PartEndDeps, 'ledger'>,
  ref: PartRef,
  row: Pick<Collaboration, 'endedAt' | 'recordSha256'>,
): Promise<PartEnd | null> {
  if (row.endedAt === null) return null;
  const { tenantId, part } = ref;
  const events = await deps.ledger.readUpTo({ tenantId, stream: idOfPart(ref) });
  return endOfPart(part, { state: stateOf(events), record: row.recordSha256 });
}

/** A workflow that Temporal has ended without a seal was ended from outside; nobody goes on with it. */
async function brokenEnd(
  deps: PartEndDeps,
  ref: PartRef,
  row: Collaboration,
): Promise<PartEnd | null> {
  const { kind } = await deps.presence(row);
  if (kind !== 'closed') return null;
  // It may have come to its own end between the two looks.
  const end = await endNow(deps, ref);
  if (end !== null) return end;
  const run = { tenantId: ref.tenantId, collaborationId: idOfPart(ref) };
  const time = new Date(deps.now()).toISOString();
  // What its calls may have cost counts, though nobody waits for their answers any more.
  await deps.turns.endAbandoned({ ...run, time, source: `/collaborations/${run.collaborationId}` });
  await deps.collaborations.markFailed({ ...run, time });
  return await endNow(deps, ref);
}

async function endNow(deps: PartEndDeps, ref: PartRef): Promise<PartEnd | null> {
  const row = await rowOf(deps, ref);
  return row === undefined ? null : await endIn(deps, ref, row);
}

/** What the words of an ended part are read from and kept in. */
export interface PartContentDeps extends LongTextDeps, TextKeeper {
  readonly collaborations: Pick<CollaborationStore, 'get'>;
}

/** Says in words what a part came to, from the record that it sealed; one without a record has said nothing. */
export async function partContent(
  deps: PartContentDeps,
  tenantId: string,
  ref: ParentRef,
): Promise<PartContent> {
  const id = idOfPart(ref);
  const row = await deps.collaborations.get(tenantId, id);
  const collaboration = row === undefined ? null : id;
  const sealed = row?.recordSha256 ?? null;
  if (sealed === null) return { collaboration, answer: null, explanation: '' };
  const bytes = await deps.artifacts.get(tenantId, sealed);
  const { decision } = JSON.parse(new TextDecoder().decode(bytes)) as SealedRecord;
  const { answer, explanation } = decision;
  return {
    collaboration,
    answer: answer === null ? null : await shortOrKept(deps, tenantId, answer),
    explanation,
  };
}
