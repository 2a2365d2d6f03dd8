import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { DeliveryBacklog } from '../infra/stores/delivery-queue.ts';

/** What this process counts, in Prometheus' terms. */
export interface Metrics {
  readonly registry: Registry;
  readonly requestSeconds: Histogram<'method' | 'route' | 'status'>;
  /** Collaborations by pattern and outcome: `started`, `queued` (Temporal was away), `restarted`, `restored` (it had forgotten), `replayed`. */
  readonly starts: Counter<'pattern' | 'outcome'>;
  /** Runs in a sandbox by lane and outcome: `started`, `queued` (Temporal was away), `replayed`. */
  readonly sandboxStarts: Counter<'lane' | 'outcome'>;
}

/** What is asked whenever the metrics are read. */
export interface MetricSources {
  /** How many streams of events are open. */
  readonly watchers: () => number;
  readonly webhookBacklog: () => Promise<DeliveryBacklog>;
}

/** Makes the metrics of one app, in a registry of its own. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const watchers = new Gauge({
    name: 'conclave_event_watchers',
    help: 'Open streams of server-sent events',
    registers: [registry],
    collect: () => {
      watchers.set(sources.watchers());
    },
  });
  addWebhookGauges(registry, sources.webhookBacklog);
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'conclave_http_request_duration_seconds',
      help: 'Time until an HTTP request was answered; for streams, until they began',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120],
      registers: [registry],
    }),
    starts: new Counter({
      name: 'conclave_collaboration_starts_total',
      help: 'Collaborations that were asked for',
      labelNames: ['pattern', 'outcome'],
      registers: [registry],
    }),
    sandboxStarts: new Counter({
      name: 'conclave_sandbox_starts_total',
      help: 'Runs in a sandbox that were asked for',
      labelNames: ['lane', 'outcome'],
      registers: [registry],
    }),
  };
}

/** They say the same in every process, and keep their last value while the database is away. */
function addWebhookGauges(registry: Registry, readBacklog: MetricSources['webhookBacklog']): void {
  let reading: Promise<DeliveryBacklog | undefined>;
  const deliveries = new Gauge({
    name: 'conclave_webhook_deliveries',
    help: 'Deliveries to webhooks that wait or have died, counted up to 100,000',
    labelNames: ['state'],
    registers: [registry],
    collect: async () => {
      reading = readBacklog().catch(() => undefined);
      const backlog = await reading;
      if (backlog === undefined) return;
      deliveries.set({ state: 'pending' }, backlog.pending);
      deliveries.set({ state: 'dead' }, backlog.dead);
    },
  });
  const overdue = new Gauge({
    name: 'conclave_webhook_overdue_seconds',
    help: 'For how long the oldest delivery to a webhook has been due',
    registers: [registry],
    // Asked after the one above, in the same turn.
    collect: async () => {
      const backlog = await reading;
      if (backlog !== undefined) overdue.set(backlog.overdueSeconds);
    },
  });
}
