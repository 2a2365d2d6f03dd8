import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What this process counts, in Prometheus' terms. */
export interface Metrics {
  readonly registry: Registry;
  readonly requestSeconds: Histogram<'method' | 'route' | 'status'>;
  /** Collaborations by pattern and outcome: `started`, `queued` (Temporal was away), `restarted`, `restored` (it had forgotten), `replayed`. */
  readonly starts: Counter<'pattern' | 'outcome'>;
}

/**
 * Makes the metrics of one app, in a registry of its own.
 *
 * @param countWatchers - tells how many streams of events are open
 */
export function createMetrics(countWatchers: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const watchers = new Gauge({
    name: 'conclave_event_watchers',
    help: 'Open streams of server-sent events',
    registers: [registry],
    collect: () => {
      watchers.set(countWatchers());
    },
  });
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
  };
}
