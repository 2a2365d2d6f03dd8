import {
  caseFileOf,
  horizonOf,
  type CaseFile,
  type FiledEvent,
} from '../domain/collaboration/case-file.ts';
import { chairSeat } from '../domain/collaboration/ballots.ts';
import type { TurnRef } from '../domain/collaboration/fact.ts';
import { factOf, type LedgerEvent } from '../domain/ledger/event.ts';
import { machines } from '../domain/machines.ts';
import { fetchLongText, isLongText, type LongTextDeps } from './long-text.ts';

/** What case files are read from. */
export interface CaseFileDeps extends LongTextDeps {
  readonly ledger: {
    read(input: {
      readonly tenantId: string;
      readonly stream: string;
      readonly afterSeq: number;
      readonly limit: number;
    }): Promise<LedgerEvent[]>;
  };
}

/** The run whose case file is wanted. */
export interface RunKey {
  readonly tenantId: string;
  readonly collaborationId: string;
}

/** Reads what a turn may know. Runs are kept in memory and read on from where they were, once for all seats that ask at a time. */
export interface CaseFiles {
  /** @throws Error when the turn's pass has not been opened, which only a bug can cause */
  open(run: RunKey, turn: TurnRef): Promise<CaseFile>;
}

/** Most runs kept in memory; beyond it the one unused for longest is read anew when it is needed again. */
const runsMax = 256;

/** Most events of one read; a longer stream takes several. */
const pageEvents = 1000;

interface KeptRun {
  readonly events: FiledEvent[];
  readonly files: Map<number, CaseFile>;
  reading: Promise<void> | null;
}

/** Makes the case files of one worker. */
export function createCaseFiles(deps: CaseFileDeps): CaseFiles {
  const runs = new Map<string, KeptRun>();
  return {
    open: async (run, turn) => {
      const kept = keptRun(runs, `${run.tenantId}/${run.collaborationId}`);
      await readEnough(deps, run, kept, turn);
      const horizon = horizonOf(kept.events, turn);
      if (horizon === undefined) throw new Error(`${turn.turn}: its pass is not in the ledger`);
      return fileAt(kept, horizon);
    },
  };
}

/**
 * Reads on where the turn may need more than is kept; the chair always does, since its task may follow facts of other
 * workers. A read that is under way may have begun before the fact that the turn follows, so a later one counts.
 */
async function readEnough(
  deps: CaseFileDeps,
  run: RunKey,
  kept: KeptRun,
  turn: TurnRef,
): Promise<void> {
  const isEnough = (): boolean =>
    turn.seat !== chairSeat && horizonOf(kept.events, turn) !== undefined;
  if (isEnough()) return;
  if (kept.reading !== null) await kept.reading.catch(() => undefined);
  if (isEnough()) return;
  kept.reading ??= readOn(deps, run, kept).finally(() => {
    kept.reading = null;
  });
  await kept.reading;
}

function keptRun(runs: Map<string, KeptRun>, key: string): KeptRun {
  const kept = runs.get(key) ?? { events: [], files: new Map<number, CaseFile>(), reading: null };
  runs.delete(key);
  runs.set(key, kept);
  const oldest = runs.keys().next().value;
  if (runs.size > runsMax && oldest !== undefined) runs.delete(oldest);
  return kept;
}

function fileAt(kept: KeptRun, horizon: number): CaseFile {
  const known = kept.files.get(horizon);
  if (known !== undefined) return known;
  const file = caseFileOf(kept.events.slice(0, horizon), machines);
  // Only the newest is asked for again, by the other seats of its pass.
  kept.files.clear();
  kept.files.set(horizon, file);
  return file;
}

async function readOn(deps: CaseFileDeps, run: RunKey, kept: KeptRun): Promise<void> {
  for (;;) {
    const page = await deps.ledger.read({
      tenantId: run.tenantId,
      stream: run.collaborationId,
      afterSeq: kept.events.length,
      limit: pageEvents,
    });
    for (const event of page) kept.events.push(...(await filed(deps, run.tenantId, event)));
    if (page.length < pageEvents) return;
  }
}

async function filed(
  deps: CaseFileDeps,
  tenantId: string,
  event: LedgerEvent,
): Promise<readonly FiledEvent[]> {
  const fact = factOf(event);
  if (fact === undefined) return [];
  const content = event.data['content'];
  return [{ seq: event.seq, fact, content: await withTexts(deps, tenantId, content) }];
}

/** Fetches the texts that were too long for the event. */
async function withTexts(deps: CaseFileDeps, tenantId: string, content: unknown): Promise<unknown> {
  if (typeof content !== 'object' || content === null) return content;
  const entries = await Promise.all(
    Object.entries(content).map(async ([name, value]: [string, unknown]) => [
      name,
      isLongText(value) ? await fetchLongText(deps, tenantId, value.artifact) : value,
    ]),
  );
  return Object.fromEntries(entries) as unknown;
}
