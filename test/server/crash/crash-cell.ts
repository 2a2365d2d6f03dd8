import { untilSeen } from '../../support/until-seen.ts';
import { within } from '../../support/within.ts';
import type { CrashLab } from './crash-lab.ts';
import {
  beginDebate,
  patiently,
  snapshotOf,
  untilSealed,
  RECOVERED_WITHIN_MS,
} from './crashed-debate.ts';
import type { BegunDebate, DebateSettings, Snapshot } from './crashed-debate.ts';
import { eventsOf, faultsOf } from './debate-faults.ts';
import type { FollowedStream } from './ledger-follower.ts';
import { watchEvents } from './sse-watcher.ts';

/** One kill in one debate. */
export interface CrashCell extends DebateSettings {
  /** Which part dies; `worker` means the one that runs the debate. */
  readonly part: 'worker' | 'api' | 'temporal' | 'postgres' | 's3';
  /** It is killed as soon as this event is in the ledger. */
  readonly event: number;
  /** And then, with this, as soon as a call has reached the provider, or the provider has answered one. */
  readonly and?: 'a call is made' | 'a call is answered';
}

/** What became of it. */
export interface CellReport {
  /** Everything that is wrong; empty when the debate is as if nothing had happened. */
  readonly faults: readonly string[];
  readonly figures: CellFigures;
}

/** Times of a recovery, for people: nothing is decided by them. */
export interface CellFigures {
  /** Event after which the part was killed. */
  readonly killedAfter: string;
  /** From the kill to the next event of the ledger. */
  readonly nextEventMs: number | null;
  /** The same without the time that the models took meanwhile. */
  readonly idleMs: number | null;
  /** From the killed part's being ready again to the next event; negative when the debate had not waited for it. */
  readonly sinceReadyMs: number | null;
  /** From the kill to the seal. */
  readonly sealedMs: number;
  /** Calls that were made again. */
  readonly repeated: number;
  /** Time-outs of activities and workflow tasks that Temporal noticed. */
  readonly timeOuts: readonly string[];
}

/** Runs a debate, kills the part at its moment, waits for the end and says what is wrong with it. */
export async function runCell(lab: CrashLab, cell: CrashCell): Promise<CellReport> {
  const begun = await beginDebate(lab, cell);
  const stream = await begun.stream;
  const watcher = watchEvents({
    url: `${lab.stack.apiAddress}/v1/collaborations/${stream.id}/events`,
    authorization: `Bearer ${lab.stack.apiKey}`,
    apiReady: async () => {
      await lab.stack.waitReady('api');
    },
  });
  await stream.until(cell.event, RECOVERED_WITHIN_MS);
  if (cell.and !== undefined) await untilCalls(lab, begun.models, cell.and);
  const part = await partToKill(lab, cell, stream.id);
  const seqAtKill = stream.seq;
  const killedAt = performance.now();
  await lab.stack.kill(part);
  const atKill = await snapshotOf(lab, stream.id, begun.models);
  const ready = lab.stack.waitReady(part).then(() => performance.now());
  await untilSealed(lab, stream);
  const readyAt = await ready;
  const id = await begun.id;
  const faults = await patiently(
    async () =>
      await faultsOf(lab, {
        id: stream.id,
        models: begun.models,
        rounds: cell.rounds ?? 2,
        atKill: cell.part === 'worker' ? atKill : null,
      }),
  );
  await within(RECOVERED_WITHIN_MS, `the watcher of ${id}`, (resolve, reject) => {
    watcher.sealed.then(resolve, reject);
  });
  return {
    faults: [
      ...(id === stream.id ? [] : [`start: answered ${id}, begun was ${stream.id}`]),
      ...faults,
      ...watcherFaults(watcher.seqs, stream.seq),
    ],
    figures: await figuresOf(lab, { begun, stream, seqAtKill, killedAt, readyAt, atKill }),
  };
}

/** Waits until a call has reached the provider, or the provider has answered one. */
export async function untilCalls(
  lab: CrashLab,
  models: readonly string[],
  moment: NonNullable<CrashCell['and']>,
): Promise<void> {
  const count = moment === 'a call is made' ? 'inFlight' : 'completed';
  await untilSeen(
    async () => await lab.calls(models),
    (calls) => calls.some((call) => call[count] > 0),
    { everyMs: 1 },
  );
}

async function partToKill(lab: CrashLab, cell: CrashCell, id: string): Promise<string> {
  if (cell.part !== 'worker') return cell.part;
  const [turn] = await lab.sql<{ worker_id: string }[]>`
    select worker_id from conclave.turns
    where collaboration_id = ${id} and worker_id is not null order by started_at desc limit 1`;
  return (turn === undefined ? undefined : lab.partOf(turn.worker_id)) ?? 'worker';
}

function watcherFaults(seqs: readonly number[], last: number): readonly string[] {
  const expected = Array.from({ length: last }, (_, index) => index + 1);
  return seqs.join() === expected.join()
    ? []
    : [`watcher: got events ${seqs.join()}, expected 1 to ${String(last)}, each once`];
}

interface Course {
  readonly begun: BegunDebate;
  readonly stream: FollowedStream;
  readonly seqAtKill: number;
  readonly killedAt: number;
  readonly readyAt: number;
  readonly atKill: Snapshot;
}

async function figuresOf(lab: CrashLab, course: Course): Promise<CellFigures> {
  const { begun, stream, seqAtKill, killedAt, readyAt, atKill } = course;
  const events = await eventsOf(lab, stream.id);
  const nextAt = stream.seenAt.get(seqAtKill + 1);
  const next = events.find(({ seq }) => seq === seqAtKill + 1);
  const seat = /-s(\d+)$/.exec(next?.subject ?? '')?.[1];
  const latencyMs = seat === undefined ? 0 : (begun.latenciesMs[Number(seat) - 1] ?? 0);
  const nextEventMs = nextAt === undefined ? null : nextAt - killedAt;
  const calls = await lab.calls(begun.models);
  return {
    killedAfter: shortType(events.find(({ seq }) => seq === seqAtKill)?.type),
    nextEventMs,
    idleMs: nextEventMs === null ? null : Math.max(0, nextEventMs - latencyMs),
    sinceReadyMs: nextAt === undefined ? null : nextAt - readyAt,
    sealedMs: (stream.seenAt.get(stream.seq) ?? killedAt) - killedAt,
    repeated: calls.filter((call) => {
      const before = atKill.calls.find(({ promptSha256 }) => promptSha256 === call.promptSha256);
      return call.calls > 1 && call.calls > (before?.calls ?? 0);
    }).length,
    timeOuts: await timeOutsOf(lab, stream.id),
  };
}

function shortType(type: string | undefined): string {
  return (type ?? '').replace(/^conclave\.|\.v1$/g, '');
}

/** A try that timed out and was made again is seen in the start of the next one only. */
async function timeOutsOf(lab: CrashLab, id: string): Promise<readonly string[]> {
  const handle = lab.temporal.client.workflow.getHandle(`debate/${id}`);
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((event) => {
    const failure = event.activityTaskStartedEventAttributes?.lastFailure;
    if (failure?.timeoutFailureInfo) return ['activity'];
    if (event.activityTaskTimedOutEventAttributes) return ['activity'];
    return event.workflowTaskTimedOutEventAttributes ? ['workflow task'] : [];
  });
}
