import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import postgres from 'postgres';

import type { CallCount } from '../../../infra/simulated/call-log.ts';
import { startStack } from '../../../infra/stack/stack.ts';
import type { Stack, StackOptions } from '../../../infra/stack/stack.ts';
import { openTemporal } from '../../../infra/temporal/client.ts';
import type { TemporalConnection } from '../../../infra/temporal/client.ts';
import { followLedger } from './ledger-follower.ts';
import type { LedgerFollower } from './ledger-follower.ts';

/** A stack whose parts are killed, and what looks at it from outside. */
export interface CrashLab {
  readonly stack: Stack;
  readonly folder: string;
  readonly ledger: LedgerFollower;
  readonly temporal: TemporalConnection;
  /** As the database's owner. */
  readonly sql: postgres.Sql;
  /** Calls the API; the answer's body is parsed JSON. */
  api<T>(path: string, request?: ApiRequest): Promise<T>;
  /** What the panel was asked, in the order of the first asking. */
  calls(models: readonly string[]): Promise<readonly CallCount[]>;
  /** Name of the part that a worker's id belongs to; undefined when it is not alive. */
  partOf(workerId: string): string | undefined;
  /** Ends everything and takes the folder away; a second call does nothing. */
  close(): Promise<void>;
}

/** What is asked of the API. */
export interface ApiRequest {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest time for an answer. */
  readonly withinMs?: number;
}

const ANSWER_WITHIN_MS = 30_000;

/** Brings a stack up for the crash tests. */
export async function openLab(options: Partial<StackOptions> = {}): Promise<CrashLab> {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-crash-'));
  const stack = await startStack({
    dataFolder: folder,
    simulated: 'on',
    simulatedLatencyMs: 20,
    ...options,
  });
  const ownerUrl = stack.ownerUrl ?? '';
  const { temporalAddress: address, temporalNamespace: namespace } = stack.connections;
  const temporal = openTemporal({ address, namespace });
  const ledger = await followLedger(ownerUrl);
  const sql = postgres(ownerUrl, { max: 2, onnotice: () => undefined, backoff: () => 0.05 });
  let isClosed = false;
  return {
    stack,
    folder,
    ledger,
    temporal,
    sql,
    api: async (path, request) => await askApi(stack, path, request),
    calls: async (models) => {
      const answer = await fetch(`${stack.connections.simulatedAddress ?? ''}/_calls`);
      const { calls } = (await answer.json()) as { calls: CallCount[] };
      return calls.filter(({ model }) => models.includes(model));
    },
    partOf: (workerId) => {
      const pid = pidOfWorker(folder, workerId);
      return stack.parts().find((part) => pid !== undefined && stack.pidOf(part) === pid);
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await Promise.all([ledger.close(), sql.end({ timeout: 1 }), temporal.close()]);
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function askApi<T>(stack: Stack, path: string, request: ApiRequest = {}): Promise<T> {
  const { body, headers, withinMs = ANSWER_WITHIN_MS } = request;
  const response = await fetch(`${stack.apiAddress}${path}`, {
    method: request.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${stack.apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(withinMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: got ${String(response.status)}: ${text}`);
  return JSON.parse(text) as T;
}

/** A worker says in its log who it is. */
function pidOfWorker(folder: string, workerId: string): number | undefined {
  const logs = join(folder, 'logs');
  for (const file of readdirSync(logs).filter((name) => /^worker.*\.log$/.test(name))) {
    for (const line of readFileSync(join(logs, file), 'utf8').split('\n')) {
      if (!line.includes(`"workerId":"${workerId}"`) || !line.includes('worker ready')) continue;
      return (JSON.parse(line) as { pid: number }).pid;
    }
  }
  return undefined;
}
