import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import { isEnded } from '../collaboration-status.ts';
import type { ApiDeps } from '../ports.ts';

/** Net below the hints. */
const LOOK_EVERY_MS = 2000;
/** Hints come with every event; looking at each would be many looks for one end. */
const LOOK_GAP_MS = 20;

/**
 * Waits for the end of a collaboration, moved by hints.
 *
 * @param deps - where hints and rows come from
 * @param run - whose end
 * @param run.tenantId - its tenant
 * @param run.collaborationId - its id
 * @param until - how long
 * @param until.waitMs - longest wait
 * @param until.signal - ends it early
 * @returns the row as it was seen last
 */
export async function waitForEnd(
  deps: Pick<ApiDeps, 'collaborations' | 'feed'>,
  run: { tenantId: string; collaborationId: string },
  until: { waitMs: number; signal: AbortSignal },
): Promise<Collaboration | undefined> {
  const { tenantId, collaborationId: stream } = run;
  const read = async () => await deps.collaborations.get(tenantId, stream);
  return await waitForRow(deps.feed, { tenantId, stream, read }, until);
}

/**
 * Waits for the end of whatever a row tells of, moved by hints of its stream.
 *
 * @param feed - where hints come from
 * @param of - whose end
 * @param of.tenantId - its tenant
 * @param of.stream - its stream
 * @param of.read - reads its row
 * @param until - how long
 * @param until.waitMs - longest wait
 * @param until.signal - ends it early
 * @returns the row as it was seen last
 */
export async function waitForRow<Row extends { readonly endedAt: string | null }>(
  feed: Pick<ApiDeps['feed'], 'watch'>,
  of: { tenantId: string; stream: string; read: () => Promise<Row | undefined> },
  until: { waitMs: number; signal: AbortSignal },
): Promise<Row | undefined> {
  const deadline = performance.now() + until.waitMs;
  const alarm = createAlarm();
  const unwatch = feed.watch(of.tenantId, of.stream, alarm.ring);
  until.signal.addEventListener('abort', alarm.ring, { once: true });
  try {
    for (;;) {
      const row = await of.read();
      const leftMs = deadline - performance.now();
      if (row === undefined || isEnded(row)) return row;
      if (leftMs <= 0 || until.signal.aborted) return row;
      await alarm.wait({ leastMs: LOOK_GAP_MS, mostMs: Math.min(leftMs, LOOK_EVERY_MS) });
    }
  } finally {
    unwatch();
    until.signal.removeEventListener('abort', alarm.ring);
  }
}

interface Alarm {
  /** Ends the wait that is under way, or the next one. */
  readonly ring: () => void;
  wait(times: { leastMs: number; mostMs: number }): Promise<void>;
}

function createAlarm(): Alarm {
  let hasRung = false;
  let wake = (): void => undefined;
  return {
    ring: () => {
      hasRung = true;
      wake();
    },
    wait: async ({ leastMs, mostMs }) => {
      await new Promise<void>((resolve) => {
        let timer = setTimeout(resolve, mostMs);
        wake = () => {
          wake = () => undefined; // later rings are covered by the same look
          clearTimeout(timer);
          timer = setTimeout(resolve, leastMs);
        };
        if (hasRung) wake();
      });
      wake = () => undefined;
      hasRung = false;
    },
  };
}
