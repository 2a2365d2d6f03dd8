import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import type { Decision } from '../../../domain/collaboration/decision.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import { factOf, type LedgerEvent } from '../../../domain/ledger/event.ts';
import { verifyRecord } from '../../../domain/ledger/verification.ts';
import { foldRun } from '../../../domain/machines.ts';
import { openTemporal } from '../../../infra/temporal/client.ts';

interface Addresses {
  readonly apiAddress: string;
  readonly apiKey: string;
  readonly simulated: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
}

/** A collaboration as the API shows it, as far as these tests look. */
export interface Shown {
  readonly id: string;
  readonly pattern: string;
  readonly status: string;
  readonly simulated: boolean;
  readonly decision: Decision | null;
  readonly budget: {
    readonly reserved: { readonly tokens: number; readonly microsUsd: number };
    readonly settled: { readonly tokens: number; readonly microsUsd: number };
  };
}

/** An answer of the API: its status and its body. */
export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** Longest wait for anything to happen. */
const withinMs = 30_000;

/** The shared stack, as a user sees it. */
export class House {
  readonly #addresses = JSON.parse(readFileSync('.cache/test-stack.json', 'utf8')) as Addresses;
  readonly #temporal = openTemporal(this.#addresses.temporal);

  /** Address of the simulated panel. */
  get panel(): string {
    return this.#addresses.simulated;
  }

  async call<T>(path: string, init: { body?: unknown; headers?: object } = {}): Promise<Answer<T>> {
    const response = await fetch(`${this.#addresses.apiAddress}${path}`, {
      method: init.body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${this.#addresses.apiKey}`,
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...init.headers,
      },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, body: (isJson ? JSON.parse(text) : text) as T };
  }

  /** Registers an agent of the panel under a name of its own. */
  async agent(model: string, more: object = {}): Promise<string> {
    const name = `t-${randomUUID().slice(0, 8)}`;
    const body = { name, provider: 'openai-compatible', baseUrl: `${this.panel}/openai/v1`, model };
    const answer = await this.call('/v1/agents', { body: { ...body, ...more } });
    if (answer.status !== 201) throw new Error(`agent: ${JSON.stringify(answer)}`);
    return name;
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

  async events(id: string): Promise<readonly LedgerEvent[]> {
    const path = `/v1/collaborations/${id}/events?limit=500`;
    return (await this.call<{ events: LedgerEvent[] }>(path)).body.events;
  }

  /** Follows the stream live until an event of this kind has come, and gives all events up to it. */
  async eventsUntil(id: string, wanted: (event: LedgerEvent) => boolean): Promise<LedgerEvent[]> {
    const response = await fetch(
      `${this.#addresses.apiAddress}/v1/collaborations/${id}/events?live=false`,
      {
        headers: {
          authorization: `Bearer ${this.#addresses.apiKey}`,
          accept: 'text/event-stream',
        },
        signal: AbortSignal.timeout(withinMs),
      },
    );
    const seen: LedgerEvent[] = [];
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk as Uint8Array);
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const data = /^id: \d+\nevent: .*\ndata: (.*)$/s.exec(frame)?.[1];
        if (data === undefined) continue;
        const event = JSON.parse(data) as LedgerEvent;
        seen.push(event);
        if (wanted(event)) return seen;
      }
    }
    throw new Error(`the stream of ${id} ended before it: ${seen.map(({ type }) => type).join()}`);
  }

  async ended(id: string): Promise<Shown> {
    await this.eventsUntil(id, ({ type }) => type === 'conclave.decision.sealed.v1');
    return (await this.call<Shown>(`/v1/collaborations/${id}`)).body;
  }

  /** Everything that is wrong with a run that has ended; empty when all its promises hold. */
  async faultsOf({ id, pattern, ...shown }: Shown): Promise<readonly string[]> {
    const events = await this.events(id);
    const record = (await this.call<object>(`/v1/collaborations/${id}/record`)).body;
    const transcript = (await this.call<string>(`/v1/collaborations/${id}/transcript`)).body;
    const findings = verifyRecord({ record, events }, cryptography);
    const facts = events.map(factOf).filter((fact) => fact !== undefined);
    const folded = foldRun(facts);
    const handle = this.#temporal.client.workflow.getHandle(`${pattern}/${id}`);
    await handle.result();
    const state = await handle.query<RunState>('state');
    const { reserved, settled } = shown.budget;
    const said = events.flatMap(({ data }) => rationaleIn(data['content']));
    const history = JSON.stringify((await handle.fetchHistory()).events, asText);
    return [
      ...findings.filter(({ ok }) => !ok).map(({ message }) => message),
      ...(isDeepStrictEqual(asJson(folded), asJson(state)) ? [] : ['the fold is not the state']),
      ...(folded.verdict?.stoppedBy === undefined ? ['no stated reason'] : []),
      ...(reserved.tokens + reserved.microsUsd === 0 ? [] : ['something is still reserved']),
      ...(settled.tokens === folded.spent.tokens ? [] : ['settled is not what the facts say']),
      ...(shown.simulated && transcript.includes('imulated') ? [] : ['not marked as simulated']),
      ...said.filter((words) => history.includes(words)).map((words) => `in the history: ${words}`),
    ];
  }

  /** Calls of a model, summed over its prompts. */
  async calls(model: string): Promise<{ calls: number; aborted: number }> {
    const response = await fetch(`${this.panel}/_calls`);
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

function rationaleIn(content: unknown): readonly string[] {
  const rationale = (content as { rationale?: unknown } | undefined)?.rationale;
  return typeof rationale === 'string' && rationale.length > 20 ? [rationale] : [];
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Payloads are bytes: as text, so that words in them are found. */
function asText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
}
