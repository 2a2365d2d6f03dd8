import type { LiveText } from './sse-frame.ts';

/**
 * Reads what a worker sends while a reply streams: JSON of `turn`, `seat` and `text`.
 *
 * @param payload - as it came
 * @returns `undefined` for anything else; nothing is lost by it, for the ledger gets the whole reply
 */
export function readLiveText(payload: string): LiveText | undefined {
  try {
    const { turn, seat, text } = JSON.parse(payload) as Partial<LiveText>;
    const isLive = typeof turn === 'string' && typeof seat === 'string' && typeof text === 'string';
    return isLive ? { turn, seat, text } : undefined;
  } catch {
    return undefined; // a newer worker may speak otherwise
  }
}
