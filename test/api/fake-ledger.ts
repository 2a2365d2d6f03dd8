import type { ApiDeps } from '../../api/ports.ts';
import { genesisHash } from '../../domain/ledger/event.ts';
import type { LedgerEvent, NewEvent } from '../../domain/ledger/event.ts';

/** What a test may look into and change. */
export interface LedgerBook {
  /** By tenant and name. */
  readonly streams: Map<string, LedgerEvent[]>;
  /** Streams that somebody asked live text of. */
  readonly interest: string[];
  nowMs: number;
  /** How often the ledger was read. */
  reads: number;
}

/** What happens to streams beside what the application does. */
export interface LedgerHand {
  append(tenantId: string, stream: string, event: Partial<NewEvent>): void;
  hint(tenantId: string, stream: string): void;
  publishLive(tenantId: string, stream: string, payload: string): void;
}

/** Keeps streams in memory, and tells whoever watches them. */
export function createFakeLedger(book: LedgerBook): LedgerHand & Pick<ApiDeps, 'ledger' | 'feed'> {
  const listeners = new Map<string, Set<() => void>>();
  const liveListeners = new Map<string, Set<(payload: string) => void>>();
  const hint: LedgerHand['hint'] = (tenantId, stream) => {
    listeners.get(`${tenantId}/${stream}`)?.forEach((listener) => {
      listener();
    });
  };
  const append: LedgerHand['append'] = (tenantId, stream, event) => {
    const key = `${tenantId}/${stream}`;
    const events = book.streams.get(key) ?? [];
    const seq = events.length + 1;
    events.push({
      id: `${stream}/${seq}`,
      type: 'conclave.deadline.passed.v1',
      source: '/test',
      subject: stream,
      time: new Date(book.nowMs).toISOString(),
      data: {},
      ...event,
      stream,
      seq,
      previousHash: genesisHash,
      hash: genesisHash,
    });
    book.streams.set(key, events);
    hint(tenantId, stream);
  };
  const publishLive: LedgerHand['publishLive'] = (tenantId, stream, payload) => {
    liveListeners.get(`${tenantId}/${stream}`)?.forEach((listener) => {
      listener(payload);
    });
  };
  const find = (tenantId: string, stream: string, id: string): LedgerEvent | undefined =>
    book.streams.get(`${tenantId}/${stream}`)?.find((event) => event.id === id);
  /** An event that is there is answered as it is. */
  const appendOnce = (
    tenantId: string,
    stream: string,
    event: NewEvent,
  ): LedgerEvent | undefined => {
    if (find(tenantId, stream, event.id) === undefined) append(tenantId, stream, event);
    return find(tenantId, stream, event.id);
  };
  return {
    append,
    hint,
    publishLive,
    ledger: {
      append: ({ tenantId, stream, events }) =>
        Promise.resolve(events.flatMap((event) => appendOnce(tenantId, stream, event) ?? [])),
      appendBefore: ({ tenantId, stream, event, end }) => {
        const ended = find(tenantId, stream, end);
        const stored = ended ?? appendOnce(tenantId, stream, event);
        return stored === undefined ? Promise.reject(new Error(event.id)) : Promise.resolve(stored);
      },
      read: ({ tenantId, stream, afterSeq, limit }) => {
        book.reads += 1;
        const events = book.streams.get(`${tenantId}/${stream}`) ?? [];
        return Promise.resolve(events.slice(afterSeq, afterSeq + limit));
      },
      readUpTo: ({ tenantId, stream }) =>
        Promise.resolve([...(book.streams.get(`${tenantId}/${stream}`) ?? [])]),
      head: ({ tenantId, stream }) => {
        const last = book.streams.get(`${tenantId}/${stream}`)?.at(-1);
        return Promise.resolve({ seq: last?.seq ?? 0, hash: last?.hash ?? genesisHash });
      },
    },
    feed: {
      watch: (tenantId, stream, listener) => add(listeners, `${tenantId}/${stream}`, listener),
      watchLive: (tenantId, stream, listener) =>
        add(liveListeners, `${tenantId}/${stream}`, listener),
      announceWatch: (tenantId, stream) => {
        book.interest.push(`${tenantId} ${stream}`);
        return Promise.resolve();
      },
    },
  };
}

function add<T>(listeners: Map<string, Set<T>>, key: string, listener: T): () => void {
  const set = listeners.get(key) ?? new Set<T>();
  listeners.set(key, set.add(listener));
  return () => set.delete(listener);
}
