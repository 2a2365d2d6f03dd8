import { setTimeout as delay } from 'node:timers/promises';

import { EventSourceParserStream } from 'eventsource-parser/stream';

import { CommandError } from './exit.ts';
import type { ApiClient } from './api-client.ts';

/** Tries to reach a lost stream again before giving up; each success counts anew. */
const attemptsMax = 30;

const retryDefaultMs = 1_000;

/** The API gives a sign of life every 15 s: after three that did not come the connection is dead. */
const silenceDefaultMs = 45_000;

const noContent = 204;

/** One server-sent event. */
export interface StreamedEvent {
  /** Type of the ledger's event; `live` for text as it streams. */
  readonly type: string;
  readonly data: unknown;
}

/** What to follow. */
export interface FollowInput {
  readonly collaborationId: string;
  /** Number of the last event that is known already; 0 for all. */
  readonly after: number;
  /** Whether text is wanted as it streams. */
  readonly live: boolean;
  readonly signal: AbortSignal;
  /** Longest time without a sign of life before the stream is taken up anew, milliseconds; 45,000 unless set. */
  readonly silenceMs?: number;
  /** Called when the stream broke and is tried again. */
  readonly onRetry?: (attempt: number) => void;
}

/**
 * Follows a collaboration to its end. A stream that breaks is taken up again after the last event that came, so that
 * nothing is left out and nothing comes twice.
 *
 * @throws CommandError when the API refuses, or cannot be reached for long
 */
export async function* follow(
  client: ApiClient,
  input: FollowInput,
): AsyncGenerator<StreamedEvent, void> {
  const cursor: Cursor = { lastId: input.after, isEnded: false, retryMs: retryDefaultMs };
  for (let attempt = 0; !cursor.isEnded && !input.signal.aborted; attempt += 1) {
    if (attempt > attemptsMax) throw new CommandError('the stream is lost; follow again later');
    if (attempt > 0) {
      input.onRetry?.(attempt);
      await delay(cursor.retryMs);
    }
    const before = cursor.lastId;
    yield* readOnce(client, input, cursor, attempt);
    if (cursor.lastId > before) attempt = 0;
  }
}

interface Cursor {
  lastId: number;
  isEnded: boolean;
  retryMs: number;
}

async function* readOnce(
  client: ApiClient,
  input: FollowInput,
  cursor: Cursor,
  attempt: number,
): AsyncGenerator<StreamedEvent, void> {
  const silence = new Silence(input.silenceMs ?? silenceDefaultMs);
  const signal = AbortSignal.any([input.signal, silence.signal]);
  try {
    const body = await open(client, { ...input, signal }, cursor, attempt);
    if (body === undefined) return;
    const events = body
      .pipeThrough(silence.watch())
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(
        new EventSourceParserStream({
          onRetry: (retryMs) => {
            cursor.retryMs = retryMs;
          },
        }),
      );
    for await (const { id, event = 'message', data } of events) {
      if (event === 'end') {
        cursor.isEnded = true;
        return;
      }
      if (id !== undefined) cursor.lastId = Number(id);
      yield { type: event, data: JSON.parse(data) as unknown };
    }
  } catch (error) {
    // A connection that breaks or dies is what resuming is for; anything else is a fault.
    if (nameOf(error) !== 'TypeError' && !signal.aborted) throw error;
  } finally {
    silence.end();
  }
}

/** Ends a connection over which nothing comes any more: a peer that vanished never says so. */
class Silence {
  readonly #longestMs: number;
  readonly #alarm = new AbortController();
  #timer: NodeJS.Timeout;

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
    this.#timer = this.#wait();
  }

  /** Falls when it was silent for too long. */
  get signal(): AbortSignal {
    return this.#alarm.signal;
  }

  /** Passes bytes on; each is a sign of life. */
  watch(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
    return new TransformStream({
      transform: (bytes, controller) => {
        this.end();
        this.#timer = this.#wait();
        controller.enqueue(bytes);
      },
    });
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#alarm.abort();
    }, this.#longestMs);
  }
}

async function open(
  client: ApiClient,
  input: FollowInput,
  cursor: Cursor,
  attempt: number,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
  const query = `after=${String(cursor.lastId)}&live=${String(input.live)}`;
  try {
    const response = await client.send({
      path: `/v1/collaborations/${encodeURIComponent(input.collaborationId)}/events?${query}`,
      headers: {
        accept: 'text/event-stream',
        ...(attempt === 0 ? {} : { 'last-event-id': String(cursor.lastId) }),
      },
      signal: input.signal,
    });
    cursor.isEnded = response.status === noContent;
    return cursor.isEnded ? undefined : (response.body ?? undefined);
  } catch (error) {
    const isAway = error instanceof CommandError && error.cause !== undefined;
    if (isAway && attempt > 0) return undefined;
    throw error;
  }
}

/** Not by class: what fetch throws may come from another realm. */
function nameOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
}
