import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';

/** A start and when it was sent and answered, in milliseconds of `performance.now()`. */
export interface TimedStart {
  readonly id: string;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** One event as a watcher saw it. */
export interface SeenEvent {
  readonly seq: number;
  readonly type: string;
  /** The event's own time, milliseconds since 1970. */
  readonly timeMs: number;
  /** When it was seen, by the same clock. */
  readonly seenMs: number;
}

/** Speaks to the API over connections that are kept. */
export interface ConclaveClient {
  /** Registers an agent; one that is there already is left as it is. */
  registerAgent(agent: object): Promise<void>;
  /** Starts a collaboration under a new idempotency key. */
  start(body: object): Promise<TimedStart>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Answers what people are asked; `id` is `<collaboration>.<name>`. */
  answerApproval(id: string, body: object): Promise<void>;
  /** Reads a page to its end. */
  get(path: string): Promise<void>;
  /** Follows a collaboration from its first event to its seal. */
  watch(id: string, onEvent: (event: SeenEvent) => void, onOpen?: () => void): Promise<void>;
  close(): void;
}

/** Answer of a registration whose agent is there already. */
const CONFLICT = 409;
/** Connections of one client; more than any measurement has requests in flight. */
const CONNECTIONS_MAX = 512;
const frameEnd = '\n\n';

/** Makes a client of the API at this address. */
export function createClient(address: string, apiKey: string): ConclaveClient {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  const authorization = `Bearer ${apiKey}`;
  const post = async (
    path: string,
    body: object,
    {
      headers = {},
      isDone = isSuccess,
    }: { headers?: object; isDone?: (status: number) => boolean } = {},
  ): Promise<string> => {
    const answered = await send(`${address}${path}`, {
      agent,
      headers: { authorization, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const text = await textOf(answered);
    const status = answered.statusCode ?? 0;
    if (isDone(status)) return text;
    throw new Error(`POST ${path}: got ${String(status)}, expected 2xx: ${text}`);
  };
  return {
    registerAgent: async (body) => {
      await post('/v1/agents', body, {
        isDone: (status) => isSuccess(status) || status === CONFLICT,
      });
    },
    start: async (body) => {
      const sentAt = performance.now();
      const text = await post('/v1/collaborations', body, {
        headers: { 'idempotency-key': randomUUID() },
      });
      const answeredAt = performance.now();
      return { id: (JSON.parse(text) as { id: string }).id, sentAt, answeredAt };
    },
    pause: async (id) => {
      await post(`/v1/collaborations/${id}/pause`, {});
    },
    resume: async (id) => {
      await post(`/v1/collaborations/${id}/resume`, {});
    },
    answerApproval: async (id, body) => {
      await post(`/v1/approvals/${id}`, body);
    },
    get: async (path) => {
      const answered = await send(`${address}${path}`, { agent, headers: { authorization } });
      const text = await textOf(answered);
      if (answered.statusCode !== 200) throw new Error(`GET ${path}: got ${text}`);
    },
    watch: async (id, onEvent, onOpen) => {
      const answered = await send(`${address}/v1/collaborations/${id}/events`, {
        agent,
        headers: { authorization, accept: 'text/event-stream' },
      });
      if (answered.statusCode !== 200)
        throw new Error(`watching ${id}: got ${await textOf(answered)}`);
      onOpen?.();
      await readFrames(answered, onEvent);
    },
    close: () => {
      agent.destroy();
    },
  };
}

function isSuccess(status: number): boolean {
  return status < 300;
}

async function send(
  url: string,
  options: { agent: Agent; headers: Record<string, string>; body?: string },
): Promise<IncomingMessage> {
  const { agent, headers, body } = options;
  return await new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: body === undefined ? 'GET' : 'POST', agent, headers },
      resolve,
    );
    call.once('error', reject);
    call.end(body);
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer as AsyncIterable<string>) text += chunk;
  return text;
}

/** Takes out of each frame only what is measured: parsing whole events for 200 watchers would be most of the load. */
async function readFrames(
  stream: IncomingMessage,
  onEvent: (event: SeenEvent) => void,
): Promise<void> {
  let rest = '';
  stream.setEncoding('utf8');
  await new Promise<void>((resolve, reject) => {
    stream.on('data', (chunk: string) => {
      const seenMs = performance.timeOrigin + performance.now();
      rest += chunk;
      for (let end = rest.indexOf(frameEnd); end !== -1; end = rest.indexOf(frameEnd)) {
        const event = eventIn(rest.slice(0, end), seenMs);
        rest = rest.slice(end + frameEnd.length);
        if (event !== undefined) onEvent(event);
      }
    });
    stream.once('end', resolve);
    stream.once('error', reject);
  });
}

function eventIn(frame: string, seenMs: number): SeenEvent | undefined {
  const found = /^id: (\d+)\nevent: (\S+)\n/.exec(frame);
  if (found === null) return undefined; // live text, a heartbeat or the end
  const time = /"time":"([^"]+)"/.exec(frame)?.[1] ?? '';
  return { seq: Number(found[1]), type: found[2] ?? '', timeMs: Date.parse(time), seenMs };
}
