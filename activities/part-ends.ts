import type { ParentRef, PartContent, PartEnd } from '../domain/analysis/analysis-terms.ts';
import { endOfPart } from '../domain/analysis/part-end.ts';
import { idOfPart } from '../domain/analysis/part-plan.ts';
import type { SealedRecord } from '../domain/collaboration/decision.ts';
import type { RunState } from '../domain/collaboration/run-state.ts';
import { inlineBytesMax, type Text } from '../domain/ledger/event.ts';
import { stateOf } from '../domain/ledger/run-reading.ts';
import type { Collaboration, CollaborationStore } from '../infra/stores/collaboration-store.ts';
import type { LedgerStore } from '../infra/stores/ledger-store.ts';
import type { TurnStore } from '../infra/stores/turn-store.ts';
import type { Presence } from '../infra/temporal/engine.ts';
import type { Activities } from './activities.ts';
import type { RunKey } from './case-files.ts';
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

/** Between two looks at a part that nobody here waits for. */
const lookAgainMs = 1000;

/** Makes the activity that tells how a part ended. */
export function createAwaitPart(deps: PartEndDeps): Activities['awaitPart'] {
  return async (ref) => {
    const { tenantId, part } = ref;
    const run = { tenantId, collaborationId: idOfPart(ref) };
    const end = (await sealedEnd(deps, run, part)) ?? (await brokenEnd(deps, run, part));
    if (end !== null) return end;
    throw tryLater({
      type: 'part-running',
      message: `${run.collaborationId} goes on`,
      afterMs: lookAgainMs,
    });
  };
}

/** Tells how a part ended that has sealed its decision, or is known to have broken; `null` while it goes on. */
export async function sealedEnd(
  deps: {
    readonly collaborations: Pick<CollaborationStore, 'get'>;
    readonly ledger: PartEndDeps['ledger'];
  },
  run: RunKey,
  part: string,
): Promise<PartEnd | null> {
  const row = await deps.collaborations.get(run.tenantId, run.collaborationId);
  if (row === undefined || row.endedAt === null) return null;
  return endOfPart(part, { state: await readState(deps, run), record: row.recordSha256 });
}

/** A workflow that Temporal has ended without a seal was ended from outside; nobody goes on with it. */
async function brokenEnd(deps: PartEndDeps, run: RunKey, part: string): Promise<PartEnd | null> {
  const row = await deps.collaborations.get(run.tenantId, run.collaborationId);
  if (row === undefined) return null;
  const { kind } = await deps.presence(row);
  if (kind !== 'closed') return null;
  // It may have come to its own end between the two looks.
  const end = await sealedEnd(deps, run, part);
  if (end !== null) return end;
  const time = new Date(deps.now()).toISOString();
  // What its calls may have cost counts, though nobody waits for their answers any more.
  await deps.turns.endAbandoned({ ...run, time, source: `/collaborations/${run.collaborationId}` });
  await deps.collaborations.markFailed({ ...run, time });
  const state = await readState(deps, run);
  // A verdict that was never sealed is none.
  return endOfPart(part, { state: { ...state, verdict: null }, record: null });
}

async function readState(
  { ledger }: Pick<PartEndDeps, 'ledger'>,
  { tenantId, collaborationId: stream }: RunKey,
): Promise<RunState> {
  return stateOf(await ledger.readUpTo({ tenantId, stream }));
}

/** What the words of an ended part are read from and kept in. */
export interface PartContentDeps {
  readonly collaborations: Pick<CollaborationStore, 'get'>;
  readonly artifacts: {
    get(tenantId: string, sha256: string): Promise<Uint8Array>;
  };
  /** Keeps what is too long for an event. */
  putText(tenantId: string, text: string): Promise<Exclude<Text, string>>;
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
    answer: answer === null ? null : await kept(deps, tenantId, answer),
    explanation,
  };
}

async function kept(deps: PartContentDeps, tenantId: string, text: string): Promise<Text> {
  return Buffer.byteLength(text) <= inlineBytesMax ? text : await deps.putText(tenantId, text);
}
