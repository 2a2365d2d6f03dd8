import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { newTenant, sharedAddresses, type Addresses } from './addresses.ts';

/** A run as the API shows it, as far as these tests look. */
export interface ShownRun {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly seed: string;
  readonly request: { readonly artifact: string; readonly bytes: number };
  readonly result: {
    readonly status: string;
    readonly reason: string;
    readonly exitCode: number | null;
    readonly value: unknown;
    readonly stdout: unknown;
    readonly stderr: unknown;
    readonly diff: unknown;
    readonly files: readonly { readonly path: string; readonly artifact: string }[];
    readonly durationMs: number;
    readonly peakMemoryBytes: number | null;
    readonly backend: { readonly name: string; readonly proven: readonly string[] } | null;
  } | null;
}

/** An answer of the API. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

const runsPath = '/v1/sandbox/runs';
const streamMs = 60_000;

/** A tenant of a stack that may run code, unless it is told otherwise. */
export class SandboxTenant {
  readonly #addresses: Addresses;
  readonly #apiKey: string;

  constructor(addresses: Addresses, apiKey: string) {
    this.#addresses = addresses;
    this.#apiKey = apiKey;
  }

  /** Moves a new tenant in; to the shared stack unless another is named. */
  static async open(
    addresses: Addresses = sharedAddresses(),
    { mayRunCode = true } = {},
  ): Promise<SandboxTenant> {
    return new SandboxTenant(addresses, await newTenant(addresses, { mayRunCode }));
  }

  async call<T>(
    path: string,
    init: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> {
    const { body } = init;
    const response = await fetch(`${this.#addresses.apiAddress}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${this.#apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...init.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as T,
    };
  }

  /** Starts a run and waits for its end. */
  async run(body: object): Promise<ShownRun> {
    const answer = await this.call<ShownRun>(runsPath, { body, headers: { prefer: 'wait=60' } });
    if (answer.status !== 200) throw new Error(`run: ${JSON.stringify(answer)}`);
    return answer.body;
  }

  /** Starts a run and does not wait for it. */
  async start(body: object): Promise<string> {
    const answer = await this.call<ShownRun>(runsPath, { body });
    if (answer.status !== 202) throw new Error(`start: ${JSON.stringify(answer)}`);
    return answer.body.id;
  }

  /** Runs a script of the shell. */
  async shell(script: string, more: object = {}): Promise<ShownRun> {
    return await this.run(shellRun(script, more));
  }

  async shown(id: string): Promise<ShownRun> {
    return (await this.call<ShownRun>(`${runsPath}/${id}`)).body;
  }

  async events(id: string): Promise<readonly LedgerEvent[]> {
    const answer = await this.call<{ items: LedgerEvent[] }>(`${runsPath}/${id}/events`);
    return answer.body.items;
  }

  /** Follows the stream, from after a number on, until an event of this type has come; answers the lines of its ids. */
  async follow(
    id: string,
    { until, lastEventId }: { until?: string; lastEventId?: number } = {},
  ): Promise<readonly { id: number; event: string }[]> {
    const response = await fetch(`${this.#addresses.apiAddress}${runsPath}/${id}/events`, {
      headers: {
        authorization: `Bearer ${this.#apiKey}`,
        accept: 'text/event-stream',
        ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
      },
      signal: AbortSignal.timeout(streamMs),
    });
    const seen: { id: number; event: string }[] = [];
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes as Uint8Array, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const frame = text.slice(0, end);
        text = text.slice(end + 2);
        const seq = /^id: ?(\d+)$/m.exec(frame)?.[1];
        const event = /^event: ?(.+)$/m.exec(frame)?.[1] ?? '';
        if (seq !== undefined) seen.push({ id: Number(seq), event });
        if (event === until) return seen;
      }
    }
    return seen;
  }

  async ended(id: string): Promise<ShownRun> {
    await this.follow(id, { until: 'conclave.sandbox.ended.v1' });
    return await this.shown(id);
  }
}

/** The request for a script of the shell. */
export function shellRun(script: string, more: object = {}): object {
  return { lane: 'command', argv: ['/bin/sh', '-c', script], ...more };
}
