import type { CallCount } from '../../../infra/simulated/call-log.ts';
import type { CrashLab } from './crash-lab.ts';
import { begin, patiently, snapshotOf, untilSealed } from './crashed-debate.ts';
import type { BegunDebate, Snapshot } from './crashed-debate.ts';
import { eventsOf, runFaults } from './debate-faults.ts';

/** What the model takes. It is one for all seats, so that they agree, and every part comes to an answer. */
const latencyMs = 60;

/** Parts of each analysis; the second one is debated. */
export const partNames = ['p1', 'p2'] as const;

/** Begins an analysis that its chair cuts into two parts. */
export async function beginAnalysis(
  lab: CrashLab,
  more: Readonly<Record<string, unknown>> = {},
): Promise<BegunDebate> {
  return await begin(lab, [latencyMs], ([agent = '']) => ({
    pattern: 'analysis',
    participants: [agent, agent],
    parts: partNames.length,
    ...more,
  }));
}

/** What was there at a moment: in the whole and in its parts. */
export async function analysisSnapshot(lab: CrashLab, begun: BegunDebate): Promise<Snapshot> {
  const { id } = await begun.stream;
  const looks = await Promise.all(
    [id, ...partNames.map((part) => `${id}-${part}`)].map(
      async (stream) => [stream, await snapshotOf(lab, stream, begun.models)] as const,
    ),
  );
  const ended = looks.flatMap(([stream, look]) => [...look.ended].map((turn) => stream + turn));
  return { ended: new Set(ended), calls: looks[0]?.[1].calls ?? [] };
}

/** Parts of an analysis that have ended by now. */
export async function endedParts(lab: CrashLab, begun: BegunDebate): Promise<readonly string[]> {
  const { id } = await begun.stream;
  const rows = await patiently(
    async () =>
      await lab.sql<{ id: string }[]>`
      select id from conclave.collaborations where parent_id = ${id} and ended_at is not null`,
  );
  return rows.map((row) => row.id);
}

/**
 * Waits for the end of an analysis and says what is wrong with it and its parts; nothing when it is as if there had been no
 * crash.
 *
 * @param lab - where
 * @param begun - the analysis
 * @param atKill - what was there at the kill; calls may be made again only for what was in flight then. `null`: none may
 * @param forgotten - runs of which Temporal may know nothing
 */
export async function analysisFaults(
  lab: CrashLab,
  begun: BegunDebate,
  atKill: Snapshot | null,
  forgotten: readonly string[] = [],
): Promise<readonly string[]> {
  const stream = await begun.stream;
  await untilSealed(lab, stream);
  return await patiently(async () => {
    const { id } = stream;
    const { items } = await lab.api<{ items: { id: string; pattern: string }[] }>(
      `/v1/collaborations?parent=${id}`,
    );
    const runs = [{ id, pattern: 'analysis' }, ...items];
    const faults = await Promise.all(
      runs.map(async (run) =>
        (await runFaults(lab, { ...run, isForgotten: forgotten.includes(run.id) })).map(
          (fault) => `${run.pattern}/${run.id}: ${fault}`,
        ),
      ),
    );
    return [
      ...faults.flat(),
      ...(items.length === partNames.length ? [] : [`${String(items.length)} parts`]),
      ...(await onceFaults(lab, id)),
      ...callFaults(await lab.calls(begun.models), atKill),
      ...((await begun.id) === id ? [] : ['the start answered another id']),
    ];
  });
}

/** Every part begins once and ends once. */
async function onceFaults(lab: CrashLab, id: string): Promise<readonly string[]> {
  const events = await eventsOf(lab, id);
  return ['opened', 'ended'].flatMap((what) => {
    const parts = events
      .filter(({ type }) => type === `conclave.part.${what}.v1`)
      .map(({ data }) => String(data['part']));
    const isOnce = parts.toSorted().join() === partNames.join();
    return isOnce ? [] : [`parts ${what}: ${parts.join()}`];
  });
}

/** No call is made again but those that had no recorded answer at the kill. */
function callFaults(calls: readonly CallCount[], atKill: Snapshot | null): readonly string[] {
  if (atKill === null) {
    return calls.flatMap(({ model, calls: count }) =>
      count === 1 ? [] : [`${model} got a prompt ${String(count)} times`],
    );
  }
  const before = new Map(atKill.calls.map((call) => [keyOf(call), call.calls]));
  const again = calls.filter((call) => call.calls > Math.max(1, before.get(keyOf(call)) ?? 0));
  const made = atKill.calls.reduce((sum, call) => sum + call.calls, 0);
  const open = made - atKill.ended.size;
  return [
    ...(again.length <= open
      ? []
      : [`${String(again.length)} calls were made again, ${String(open)} were open at the kill`]),
    ...again.flatMap((call) =>
      call.calls <= (before.get(keyOf(call)) ?? 0) + 1
        ? []
        : [`${call.model} got a prompt ${String(call.calls)} times`],
    ),
  ];
}

function keyOf({ model, promptSha256 }: CallCount): string {
  return `${model}/${promptSha256}`;
}
