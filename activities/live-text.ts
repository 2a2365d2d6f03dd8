import type { CallKey } from './calls-under-way.ts';

/** The turn whose text streams. */
export type LiveTurn = CallKey & { readonly tenantId: string };

/** What publishing text as it streams needs. */
export interface LiveTextDeps {
  /** Hears, as `<tenant> <stream>`, that somebody watches a stream; it is said again every few seconds. */
  watchInterest(onInterest: (payload: string) => void): void;
  publish(tenantId: string, stream: string, payload: string): Promise<void>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told of text that could not be sent. Nothing is lost by it: the finished reply is in the ledger. */
  readonly onFault: (error: unknown) => void;
}

/** Text of replies as it streams, for those who watch; kept nowhere. */
export interface LiveText {
  /** Where a turn's text is to go; `undefined` while nobody watches its run. */
  liveTextOf(input: LiveTurn): ((text: string) => void) | undefined;
}

/** Interest that was not renewed for this long is over. */
const interestMs = 12_000;

/** Text is gathered for this long, so that a token is not a message. */
const gatherMs = 60;

/** A message of at most this many characters stays below the 7 KB that the channel takes, whatever the script. */
const messageCharactersMax = 1500;

/** Runs of one worker whose watchers are remembered; far more than it can be working on. */
const watchedMax = 10_000;

/** Makes the live text of one worker. */
export function createLiveText(deps: LiveTextDeps): LiveText {
  const watchedUntil = new Map<string, number>();
  deps.watchInterest((payload) => {
    if (watchedUntil.size >= watchedMax) watchedUntil.clear();
    watchedUntil.set(payload, deps.now() + interestMs);
  });
  const isWatched = (key: string): boolean => (watchedUntil.get(key) ?? 0) > deps.now();
  return {
    liveTextOf: (input) => {
      const key = `${input.tenantId} ${input.collaborationId}`;
      return isWatched(key) ? gathering(deps, input) : undefined;
    },
  };
}

function gathering(deps: LiveTextDeps, input: LiveTurn): (text: string) => void {
  const { tenantId, collaborationId, turn } = input;
  const seat = turn.split('-').slice(2).join('-');
  let gathered = '';
  let timer: NodeJS.Timeout | null = null;
  const send = (): void => {
    timer = null;
    const text = gathered.slice(0, messageCharactersMax);
    gathered = gathered.slice(messageCharactersMax);
    const payload = JSON.stringify({ turn, seat, text });
    deps.publish(tenantId, collaborationId, payload).catch(deps.onFault);
    if (gathered !== '') timer = setTimeout(send, 0);
  };
  return (text) => {
    gathered += text;
    timer ??= setTimeout(send, gatherMs);
  };
}
