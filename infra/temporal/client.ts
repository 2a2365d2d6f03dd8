import { Client, Connection } from '@temporalio/client';

/** Where a Temporal service answers. */
export interface TemporalAddress {
  /** `host:port`. */
  readonly address: string;
  readonly namespace: string;
}

/** A client and the connection below it. */
export interface TemporalConnection {
  readonly client: Client;
  /** Asks the service whether it serves; rejects when it does not, or not in time. */
  checkHealth(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

const SERVING = 1;
const CALL_TIMEOUT_MS = 5000;

/**
 * Prepares a connection that is made with the first call and made again whenever it breaks, at most a
 * second after the service is back. Never rejects because the service is away.
 *
 * @param at - the service and the namespace
 */
export function openTemporal(at: TemporalAddress): TemporalConnection {
  const connection = Connection.lazy({
    address: at.address,
    channelArgs: {
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 15_000,
      // The default doubles up to two minutes: far longer than a restart takes.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    },
    interceptors: [], // who calls decides what is tried again: a waiting caller must hear of trouble
    connectTimeout: CALL_TIMEOUT_MS,
  });
  return {
    // The default names the process and the host, and would stand in every history.
    client: new Client({ connection, namespace: at.namespace, identity: 'api' }),
    checkHealth: async (timeoutMs) => {
      const { status } = await connection.withDeadline(
        Date.now() + timeoutMs,
        async () => await connection.healthService.check({}),
      );
      if ((status as number) !== SERVING) throw new Error(`service status: got ${status}`);
    },
    close: async () => {
      await connection.close();
    },
  };
}
