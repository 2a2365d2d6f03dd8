import { CommandError, exitFailed } from './exit.ts';
import type { Connection } from './connection.ts';

const timeoutMs = 30_000;

/** One request to the API. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** Path with query, from `/v1` on. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long to wait for the answer's beginning, milliseconds; 30,000 unless set. */
  readonly timeoutMs?: number;
}

/** Speaks to the API as its user. Every method rejects with CommandError, which says what the API said. */
export interface ApiClient {
  /** Asks for JSON. */
  json(request: ApiRequest): Promise<unknown>;
  /** Asks for bytes as they are. */
  bytes(request: ApiRequest): Promise<Uint8Array>;
  /** Asks and gives the answer itself, whatever its kind of success. */
  send(request: ApiRequest & { readonly signal?: AbortSignal }): Promise<Response>;
}

/**
 * Makes a client of one API.
 *
 * @param connection - where it is, and with which key
 * @param interrupt - ends every request that is under way
 */
export function createApiClient(connection: Connection, interrupt: AbortSignal): ApiClient {
  const send: ApiClient['send'] = async (request) => {
    const response = await reach(connection, request, interrupt);
    if (!response.ok) throw await refusalOf(response);
    return response;
  };
  return {
    send,
    json: async (request) => (await send(request)).json(),
    bytes: async (request) => new Uint8Array(await (await send(request)).arrayBuffer()),
  };
}

async function reach(
  connection: Connection,
  request: ApiRequest & { readonly signal?: AbortSignal },
  interrupt: AbortSignal,
): Promise<Response> {
  // A stream has a signal of its own and stays open for as long as its run lasts.
  const limit = request.signal ?? AbortSignal.timeout(request.timeoutMs ?? timeoutMs);
  try {
    return await fetch(`${connection.url}${request.path}`, {
      method: request.method ?? 'GET',
      headers: {
        authorization: `Bearer ${connection.key}`,
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: AbortSignal.any([limit, interrupt]),
    });
  } catch (cause) {
    if (interrupt.aborted) {
      throw new CommandError('interrupted; what was asked for may go on at the server');
    }
    throw new CommandError(
      `${connection.url} does not answer (${reasonOf(cause)}); is it running? npm start`,
      undefined,
      cause,
    );
  }
}

/** What fetch throws says little itself and may come from another realm; its cause names the reason. */
function reasonOf(error: unknown): string {
  const { cause, name } = error as { readonly cause?: { readonly code?: unknown }; name?: unknown };
  return String(cause?.code ?? name);
}

/** A problem document (RFC 9457) as the API sends it; other servers in between may send anything. */
interface ProblemBody {
  readonly title?: unknown;
  readonly detail?: unknown;
  readonly code?: unknown;
  readonly errors?: unknown;
}

async function refusalOf(response: Response): Promise<CommandError> {
  const text = await response.text();
  const problem = problemIn(text);
  const said = [problem.detail, problem.title].find((part) => typeof part === 'string');
  const code = typeof problem.code === 'string' ? ` ${problem.code}` : '';
  const fields = Array.isArray(problem.errors) ? problem.errors.map(faultLine) : [];
  return new CommandError(
    [`${String(response.status)}${code}: ${said ?? text.slice(0, 200)}`, ...fields].join('\n  '),
    exitFailed,
    // A server in trouble may be well again soon: whoever follows tries again.
    response.status >= 500 ? response.status : undefined,
  );
}

function problemIn(text: string): ProblemBody {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // no problem document: the text itself is shown
  }
}

function faultLine(fault: unknown): string {
  const { field, got, expected } = fault as Readonly<Record<string, unknown>>;
  return `${String(field)}: got ${String(got)}, expected ${String(expected)}`;
}
