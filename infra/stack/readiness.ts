import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:http2';
import { connect as openSocket } from 'node:net';

/** How one can tell that a part serves; with more than one way, the first that says so counts. */
export interface Readiness {
  /** Words in a line of its output. */
  readonly output?: RegExp;
  /** A message `{ kind: 'ready', address?, version? }` over its channel. */
  readonly message?: boolean;
  /** A question asked again and again; must not throw. */
  readonly probe?: () => Promise<boolean>;
}

/** What waiting came to. */
export type ReadinessAnswer =
  | { readonly kind: 'ready'; readonly address?: string; readonly version?: string }
  | { readonly kind: 'gone' }
  | { readonly kind: 'late' };

const PROBE_EVERY_MS = 50;
const PROBE_PATIENCE_MS = 1_000;
const GRPC_SERVING = 1;
/** Characters of output that are kept, so that the beginning of a line is there when its end comes. */
const HEARD_MAX = 1_000;

/** Waits until a process is ready, has gone, or the time is over. */
export async function awaitReadiness(
  child: ChildProcess,
  readiness: Readiness,
  withinMs: number,
): Promise<ReadinessAnswer> {
  return await new Promise((resolve) => {
    let probing: NodeJS.Timeout | undefined;
    let isSettled = false;
    const finish = (answer: ReadinessAnswer): void => {
      isSettled = true;
      clearTimeout(probing);
      clearTimeout(deadline);
      child.stdout?.off('data', listen);
      child.stderr?.off('data', listen);
      child.off('message', hear);
      child.off('exit', leave);
      resolve(answer);
    };
    let heard = '';
    const listen = (chunk: Buffer): void => {
      // A line may come in pieces.
      heard = `${heard}${chunk.toString()}`;
      if (readiness.output?.test(heard) === true) finish({ kind: 'ready' });
      heard = heard.slice(-HEARD_MAX);
    };
    const hear = (message: unknown): void => {
      const answer = readyMessage(message);
      if (readiness.message === true && answer !== undefined) finish(answer);
    };
    const leave = (): void => {
      finish({ kind: 'gone' });
    };
    const ask = async (): Promise<void> => {
      const isReady = await readiness.probe?.();
      if (isSettled) return;
      if (isReady === true) finish({ kind: 'ready' });
      else probing = setTimeout(() => void ask(), PROBE_EVERY_MS);
    };
    const deadline = setTimeout(() => {
      finish({ kind: 'late' });
    }, withinMs);
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.on('message', hear);
    child.once('exit', leave);
    if (readiness.probe !== undefined) void ask();
  });
}

/** Tells whether an address answers over HTTP, whatever it says, or with exactly this status. */
export async function answersHttp(url: string, status?: number): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_PATIENCE_MS) });
    await response.body?.cancel();
    return status === undefined || response.status === status;
  } catch {
    return false;
  }
}

/** Tells whether somebody accepts connections at `host:port`. */
export async function acceptsConnections(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return await new Promise((resolve) => {
    const socket = openSocket({ host: hostname, port: Number(port), timeout: PROBE_PATIENCE_MS });
    const finish = (isThere: boolean) => (): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', finish(true));
    socket.once('error', finish(false));
    socket.once('timeout', finish(false));
  });
}

/**
 * Asks a Temporal server's health service, in the gRPC wire format, so that no client has to be
 * loaded for a yes or no.
 *
 * @param address - `host:port` without TLS.
 */
export async function isTemporalServing(address: string): Promise<boolean> {
  const service = Buffer.from('temporal.api.workflowservice.v1.WorkflowService');
  const request = Buffer.concat([Buffer.from([0x0a, service.length]), service]);
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, request.length]), request]);
  return await new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const finish = (isServing: boolean): void => {
      session.destroy();
      resolve(isServing);
    };
    session.on('error', () => {
      finish(false);
    });
    session.setTimeout(PROBE_PATIENCE_MS, () => {
      finish(false);
    });
    const call = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    call.on('data', (chunk: Buffer) => chunks.push(chunk));
    call.on('error', () => {
      finish(false);
    });
    call.on('end', () => {
      // Five bytes of frame, then the message: field 1, the status.
      const answer = Buffer.concat(chunks);
      finish(answer[5] === 0x08 && answer[6] === GRPC_SERVING);
    });
    call.end(frame);
  });
}

function readyMessage(message: unknown): ReadinessAnswer | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { kind, address, version } = message as Record<string, unknown>;
  if (kind !== 'ready') return undefined;
  return {
    kind: 'ready',
    ...(typeof address === 'string' ? { address } : {}),
    ...(typeof version === 'string' ? { version } : {}),
  };
}
