import { EventSourceParserStream } from 'eventsource-parser/stream';

/** Somebody who watches a collaboration over SSE and comes back, with Last-Event-ID, whenever the stream breaks. */
export interface SseWatcher {
  /** Numbers of the events in the order in which they came. */
  readonly seqs: readonly number[];
  /** How often the stream broke. */
  readonly breaks: number;
  /** Resolves when the seal was seen; rejects when the watcher was stopped before. */
  readonly sealed: Promise<void>;
  stop(): void;
}

/** What a watcher needs. */
export interface WatcherDeps {
  readonly url: string;
  readonly authorization: string;
  /** Resolves when the API answers again. */
  readonly apiReady: () => Promise<void>;
}

/** Begins to watch. */
export function watchEvents(deps: WatcherDeps): SseWatcher {
  const seqs: number[] = [];
  const ending = new AbortController();
  let breaks = 0;
  const watch = async (): Promise<void> => {
    while (!(await readOn(deps, seqs, ending.signal))) {
      ending.signal.throwIfAborted();
      breaks += 1;
      await deps.apiReady();
    }
  };
  const sealed = watch();
  sealed.catch(() => undefined); // who stops a watcher early does not ask for its end
  return {
    seqs,
    get breaks() {
      return breaks;
    },
    sealed,
    stop: () => {
      ending.abort();
    },
  };
}

/** Reads one connection to its end; whether the seal was seen. */
async function readOn(
  { url, authorization }: WatcherDeps,
  seqs: number[],
  signal: AbortSignal,
): Promise<boolean> {
  const last = seqs.at(-1);
  try {
    const response = await fetch(url, {
      headers: {
        authorization,
        accept: 'text/event-stream',
        ...(last === undefined ? {} : { 'last-event-id': String(last) }),
      },
      signal,
    });
    if (response.status === 204) return true;
    const events = response.body
      ?.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    for await (const { id, event } of events ?? []) {
      if (id !== undefined && id !== '') seqs.push(Number(id));
      if (event === 'conclave.decision.sealed.v1') return true;
    }
    return false;
  } catch {
    return false; // the API is away: the caller waits for it
  }
}
