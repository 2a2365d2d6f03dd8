import { randomUUID } from 'node:crypto';
import type { ReadableWritablePair } from 'node:stream/web';

import type { WorkflowHandle } from '@temporalio/client';
import { EventSourceParserStream } from 'eventsource-parser/stream';

import type { Decision } from '../../../domain/collaboration/decision.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { simulatedAgents } from '../../../infra/simulated/agents.ts';
import { openTemporal } from '../../../infra/temporal/client.ts';
import { newTenant, sharedAddresses, type Addresses } from './addresses.ts';
import type { ScriptedProvider } from './scripted-provider.ts';

/** A collaboration as the API shows it, as far as these tests look. */
export interface Shown {
  readonly id: string;
  readonly pattern: string;
  readonly status: string;
  readonly simulated: boolean;
  readonly decision: Decision | null;
  readonly budget: {
    readonly limits: { readonly tokens: number | null; readonly microsUsd: number | null };
    readonly reserved: { readonly tokens: number; readonly microsUsd: number };
    readonly settled: { readonly tokens: number; readonly microsUsd: number };
  };
}

/** An answer of the API: its status and its body. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** One server-sent event. */
export interface Frame {
  /** Number of the event; none for live text and the end. */
  readonly id: number | null;
  readonly event: string;
  readonly data: unknown;
}

/** How a stream is watched. */
export interface Watching {
  readonly lastEventId?: number;
  readonly live?: boolean;
}

/** Longest wait for anything to happen. */
const withinMs = 30_000;

/** What the client and the server keep of a finished workflow. */
export interface WorkflowEvidence {
  readonly state: RunState;
  /** The whole history in words, payloads too. */
  readonly history: string;
}

/** A stack as a tenant of its own sees it, whose agents are the simulated panel. */
export class House {
  readonly #addresses: Addresses;
  readonly #apiKey: string;
  readonly #temporal: ReturnType<typeof openTemporal>;

  private constructor(addresses: Addresses, apiKey: string) {
    this.#addresses = addresses;
    this.#apiKey = apiKey;
    this.#temporal = openTemporal(addresses.temporal);
  }

  /** Moves a new tenant in; to the shared stack unless another is named, and without the right to run code unless granted. */
  static async open(
    addresses: Addresses = sharedAddresses(),
    rights: { readonly mayRunCode?: boolean } = {},
  ): Promise<House> {
    const house = new House(addresses, await newTenant(addresses, rights));
    for (const agent of simulatedAgents(addresses.simulated)) {
      const { name, provider, model, baseUrl, price, capabilities } = agent;
      const body = { name, provider, model, baseUrl, price, capabilities };
      const { status } = await house.call('/v1/agents', { body });
      if (status !== 201) throw new Error(`agent ${name}: ${String(status)}`);
    }
    return house;
  }

  async call<T>(
    path: string,
    init: {
      method?: 'POST' | 'DELETE';
      body?: unknown;
      headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<Answer<T>> {
    const isBytes = init.body instanceof Uint8Array;
    const response = await fetch(`${this.#addresses.apiAddress}${path}`, {
      method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
      headers: {
        authorization: `Bearer ${this.#apiKey}`,
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...init.headers,
      },
      ...(init.body === undefined
        ? {}
        : { body: isBytes ? (init.body as Uint8Array<ArrayBuffer>) : JSON.stringify(init.body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const body = (isJson ? JSON.parse(text) : text) as T;
    return { status: response.status, headers: response.headers, body };
  }

  /** Registers an agent under a name of its own; of the shared panel, unless a base URL is given. */
  async agent(model: string, more: object = {}): Promise<string> {
    const name = `t-${randomUUID().slice(0, 8)}`;
    const baseUrl = `${this.#addresses.simulated}/openai/v1`;
    const body = { name, provider: 'openai-compatible', baseUrl, model, ...more };
    const answer = await this.call('/v1/agents', { body });
    if (answer.status !== 201) throw new Error(`agent: ${JSON.stringify(answer)}`);
    return name;
  }

  /** Registers agents of a scripted provider, one for each model. */
  async agentsOf(
    { baseUrl }: ScriptedProvider,
    models: readonly string[],
    more: object = {},
  ): Promise<readonly string[]> {
    return await Promise.all(models.map((model) => this.agent(model, { baseUrl, ...more })));
  }

  /** Starts a collaboration and does not wait for it. */
  async start(body: object): Promise<string> {
    const answer = await this.call<Shown>('/v1/collaborations', { body });
    if (answer.status !== 202) throw new Error(`start: ${JSON.stringify(answer)}`);
    return answer.body.id;
  }

  /** Starts a collaboration and waits for its end. */
  async run(body: object): Promise<Shown> {
    const headers = { prefer: 'wait=60' };
    const answer = await this.call<Shown>('/v1/collaborations', { body, headers });
    if (answer.status !== 200) throw new Error(`run: ${JSON.stringify(answer)}`);
    return answer.body;
  }

  /** Does a step of steering and gives the status of the answer. */
  async steer(id: string, step: string, body: object = {}): Promise<number> {
    return (await this.call(`/v1/collaborations/${id}/${step}`, { body })).status;
  }

  async events(id: string): Promise<readonly LedgerEvent[]> {
    const events: LedgerEvent[] = [];
    for (let after: number | null = 0; after !== null;) {
      const path = `/v1/collaborations/${id}/events?limit=500&after=${String(after)}`;
      const page: Answer<{ items: LedgerEvent[]; next: number | null }> = await this.call(path);
      events.push(...page.body.items);
      after = page.body.next;
    }
    return events;
  }

  /** Watches a run as a browser does, until the stream ends or the caller has seen enough. */
  async *watch(id: string, { lastEventId, live = false }: Watching = {}): AsyncGenerator<Frame> {
    const response = await fetch(
      `${this.#addresses.apiAddress}/v1/collaborations/${id}/events?live=${String(live)}`,
      {
        headers: {
          authorization: `Bearer ${this.#apiKey}`,
          accept: 'text/event-stream',
          ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
        },
        signal: AbortSignal.timeout(withinMs),
      },
    );
    if (response.status !== 200 || response.body === null) {
      throw new Error(`the stream of ${id} answered ${String(response.status)}`);
    }
    const frames = response.body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream());
    for await (const { id: seq, event = '', data } of frames) {
      yield {
        id: seq === undefined ? null : Number(seq),
        event,
        data: JSON.parse(data) as unknown,
      };
    }
  }

  /** Follows the stream until an event of this kind has come, and gives all events up to it. */
  async eventsUntil(id: string, wanted: (event: LedgerEvent) => boolean): Promise<LedgerEvent[]> {
    const seen: LedgerEvent[] = [];
    const course = (): string => seen.map(({ type }) => type).join();
    try {
      for await (const frame of this.watch(id)) {
        if (frame.id === null) continue;
        const event = frame.data as LedgerEvent;
        seen.push(event);
        if (wanted(event)) return seen;
      }
    } catch (cause) {
      throw new Error(`the stream of ${id} broke off after: ${course()}`, { cause });
    }
    throw new Error(`the stream of ${id} ended before it: ${course()}`);
  }

  async ended(id: string): Promise<Shown> {
    await this.eventsUntil(id, ({ type }) => type === 'conclave.decision.sealed.v1');
    return (await this.call<Shown>(`/v1/collaborations/${id}`)).body;
  }

  /** Asks the workflow itself. */
  async stateOf(pattern: string, id: string): Promise<RunState> {
    return await this.workflow(pattern, id).query<RunState>('state');
  }

  /** The workflow as those reach it who go by Temporal instead of the API. */
  workflow(pattern: string, id: string): WorkflowHandle {
    return this.#temporal.client.workflow.getHandle(`${pattern}/${id}`);
  }

  /** What Temporal knows of a run that has ended. */
  async workflowOf(pattern: string, id: string): Promise<WorkflowEvidence> {
    const handle = this.workflow(pattern, id);
    await handle.result();
    const { events } = await handle.fetchHistory();
    return { state: await handle.query<RunState>('state'), history: inWords(events) };
  }

  /** Calls of a model of the shared panel, summed over its prompts. */
  async calls(model: string): Promise<{ calls: number; aborted: number }> {
    const response = await fetch(`${this.#addresses.simulated}/_calls`);
    const { calls } = (await response.json()) as {
      calls: { model: string; calls: number; aborted: number }[];
    };
    const own = calls.filter((call) => call.model === model);
    return {
      calls: own.reduce((sum, call) => sum + call.calls, 0),
      aborted: own.reduce((sum, call) => sum + call.aborted, 0),
    };
  }

  async close(): Promise<void> {
    await this.#temporal.close();
  }
}

/** Payloads are bytes; JSON would write them as numbers, in which no word is found. */
function inWords(value: unknown): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).map(inWords).join('\n');
}
