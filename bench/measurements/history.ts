import { Client, Connection } from '@temporalio/client';

import { workflowIdOf } from '../../infra/temporal/settings.ts';
import type { BenchStack } from '../bench-stack.ts';
import { figure, median } from '../figures.ts';
import type { Figure, Finding } from '../figures.ts';
import { runDebates } from '../load.ts';

const RUNS = 10;

/** A decoded event's class can encode it again. */
interface Encodable {
  readonly constructor: { encode(event: unknown): { finish(): Uint8Array } };
}

interface TypeSize {
  events: number;
  bytes: number;
}

/** Measures what one debate leaves in Temporal's history, by type of event. */
export async function measureHistory(bench: BenchStack): Promise<Finding> {
  const { temporalAddress, temporalNamespace } = bench.stack.connections;
  const { ids } = await runDebates(bench, { debates: RUNS, inFlight: 1 });
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const client = new Client({ connection, namespace: temporalNamespace });
    const sizes: number[] = [];
    const lengths: number[] = [];
    const byType = new Map<string, TypeSize>();
    for (const collaborationId of ids) {
      const handle = client.workflow.getHandle(
        workflowIdOf({ pattern: 'debate', collaborationId }),
      );
      await handle.result();
      const { historySize, historyLength } = await handle.describe();
      sizes.push((historySize ?? Number.NaN) / 1024);
      lengths.push(historyLength);
      const { events } = await handle.fetchHistory();
      for (const event of events ?? [])
        addTo(byType, event as unknown as Encodable & { eventType?: number });
    }
    return {
      measurement: `history of a debate (${String(RUNS)} runs)`,
      figures: [
        figure('size', median(sizes), 'KB', { kind: 'most', value: 12 }),
        figure('events', median(lengths), ''),
        ...typeFigures(byType),
      ],
      notes: [],
    };
  } finally {
    await connection.close();
  }
}

function addTo(byType: Map<string, TypeSize>, event: Encodable & object): void {
  const name = Object.keys(event).find((key) => key.endsWith('EventAttributes')) ?? 'other';
  const entry = byType.get(name) ?? { events: 0, bytes: 0 };
  entry.events += 1;
  entry.bytes += event.constructor.encode(event).finish().byteLength;
  byType.set(name, entry);
}

function typeFigures(byType: ReadonlyMap<string, TypeSize>): readonly Figure[] {
  return [...byType]
    .sort(([, a], [, b]) => b.bytes - a.bytes)
    .map(([name, { events, bytes }]) =>
      figure(
        `${name.replace('EventAttributes', '')}, ${String(events / RUNS)} of them`,
        bytes / RUNS,
        'bytes',
      ),
    );
}
