import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import { openaiChat } from '../../../infra/simulated/openai-chat.ts';
import { createPrefixCache } from '../../../infra/simulated/prefix-cache.ts';
import { readPrompt, schemaInPrompt } from '../../../infra/simulated/prompt-reading.ts';
import { replyTo } from '../../../infra/simulated/replying.ts';
import type { Body, SimulatedUsage } from '../../../infra/simulated/wire.ts';

/** One request, as the provider got it. */
export interface Asked {
  readonly model: string;
  /** Everything that the participant reads, but the system's part. */
  readonly text: string;
  readonly round: number;
  /** Fields that the reply is to have. */
  readonly fields: readonly string[];
  /** What is asked. */
  readonly question: string;
  readonly images: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** What comes back instead of, or with, what a simulated agent would say. */
export interface Scripted {
  readonly usage?: SimulatedUsage;
  /** Fields of the reply that are said in place of the agent's own. */
  readonly says?: Readonly<Record<string, unknown>>;
  /** Another HTTP status than 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection is cut. */
  readonly isLost?: boolean;
}

/** Says how a request is answered; what it waits for, the caller waits for. */
export type Script = (asked: Asked) => Scripted | Promise<Scripted>;

/** Something that others wait for until a test lets it happen. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** Makes a gate, closed. */
export function createGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return {
    opened: promise,
    open: () => {
      resolve(undefined);
    },
  };
}

/** Longest wait for a request. */
const withinMs = 30_000;

/**
 * A provider of one test: an account of its own, whose answers the test times and whose requests it reads. What it
 * says is what a simulated agent says.
 */
export class ScriptedProvider {
  readonly asked: Asked[] = [];
  /** Most requests that were under way at a time. */
  inFlightMax = 0;
  /** Requests whose caller went away. */
  stopped = 0;
  readonly #server: Server;
  readonly #script: Script;
  readonly #cache = createPrefixCache();
  readonly #waiting = new Set<() => void>();
  readonly #cut = new WeakSet<ServerResponse>();
  #inFlight = 0;

  private constructor(script: Script) {
    this.#script = script;
    this.#server = createServer((request, response) => {
      void json(request).then(async (body) => {
        await this.#answer(body as Body, response);
      });
    });
  }

  static async start(script: Script = () => ({})): Promise<ScriptedProvider> {
    const provider = new ScriptedProvider(script);
    const server = provider.#server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  /** Where an agent of the kind `openai-compatible` finds it. */
  get baseUrl(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/v1`;
  }

  /** Resolves once this holds, which is looked at with every request that comes or goes. */
  async until(holds: () => boolean): Promise<void> {
    const late = AbortSignal.timeout(withinMs);
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      late.addEventListener('abort', () => {
        reject(new Error(`after ${String(this.asked.length)} requests it still does not hold`));
      });
      look();
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(body: Body, response: ServerResponse): Promise<void> {
    const call = openaiChat.read(body, '');
    const { round, question } = readPrompt(call.text);
    const { model, text, images } = call;
    const fields = fieldsOf(call.schema ?? schemaInPrompt(call.text));
    const asked = { model, text, images, round, question, fields, atMs: Date.now() };
    this.#begin(asked, response);
    const scripted = await this.#script(asked);
    if (scripted.isLost === true) {
      this.#cut.add(response);
      response.destroy();
      return;
    }
    if (scripted.status !== undefined) {
      const headers = { 'content-type': 'application/json', ...scripted.headers };
      response.writeHead(scripted.status, headers);
      response.end(JSON.stringify(openaiChat.failure(scripted.status)));
      return;
    }
    const said = replyTo(call, { kind: 'good' }, this.#cache);
    const reply = {
      ...said,
      pieces: scripted.says === undefined ? said.pieces : [edited(said.pieces, scripted.says)],
      usage: scripted.usage ?? said.usage,
    };
    response.setHeader('content-type', call.isStream ? openaiChat.streamType : 'application/json');
    response.end(
      call.isStream ? openaiChat.chunks(reply).join('') : JSON.stringify(openaiChat.answer(reply)),
    );
  }

  #begin(asked: Asked, response: ServerResponse): void {
    this.asked.push(asked);
    this.#inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.#inFlight);
    response.on('close', () => {
      this.#inFlight -= 1;
      if (!response.writableFinished && !this.#cut.has(response)) this.stopped += 1;
      this.#look();
    });
    this.#look();
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

function fieldsOf(schema: Readonly<Record<string, unknown>> | null): readonly string[] {
  return Object.keys((schema?.['properties'] as object | undefined) ?? {});
}

function edited(pieces: readonly string[], says: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(pieces.join('')) as object), ...says });
}
