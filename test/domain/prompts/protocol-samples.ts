import type { Protocol } from '../../../domain/protocols/protocol.ts';

/** One of each protocol, with words that its rule must have. */
export const protocolSamples: readonly (readonly [Protocol, string])[] = [
  [{ kind: 'plurality' }, 'most participants'],
  [{ kind: 'weighted' }, 'greatest weight'],
  [{ kind: 'approval' }, 'most approval'],
  [{ kind: 'ranked', method: 'schulze' }, 'ranks the options'],
  [{ kind: 'quorum', required: 3 }, 'once 3 participants hold it.'],
  [{ kind: 'quorum', required: 3, veto: true }, 'may veto'],
  [{ kind: 'supermajority', share: 2 / 3 }, '66.7 percent'],
  [{ kind: 'unanimity' }, 'every participant'],
  [{ kind: 'judge' }, 'a judge reads'],
];
