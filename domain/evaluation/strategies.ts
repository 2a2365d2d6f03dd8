import type { Gate } from '../gate/gate-terms.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { knownAccuracy, weighedByRecord, weighedByTruth, type Roster } from './roster.ts';
import { faultsTolerated } from './scenario.ts';
import { majority, type Asked, type Strategy } from './strategy.ts';

/** Everybody at the table, whatever thoroughness says, one vote each. */
function everybody({ entries }: Roster): readonly string[] {
  return entries.map(({ name }) => name);
}

/** So many of the best, by record; of equal ones those that come first. */
function best(roster: Roster, count: number): Roster {
  const known = roster.entries.map((entry) => ({
    entry,
    accuracy: knownAccuracy(roster, entry.member),
  }));
  const ranked = known.toSorted((one, other) => other.accuracy - one.accuracy);
  return { ...roster, entries: ranked.slice(0, count).map(({ entry }) => entry) };
}

function named(name: string, request: Strategy['request']): Strategy {
  return { name, kind: 'named', request };
}

/** A vote of everybody. */
function vote(name: string, protocol: Protocol, rounds = 1): Strategy {
  return named(`vote, ${name}`, (roster) => ({
    pattern: 'consensus',
    rounds,
    participants: everybody(roster),
    protocol,
  }));
}

/** A debate of everybody, without a gate unless there is one among the terms. */
function debate(name: string, rounds: number, terms: Partial<Asked> = {}): Strategy {
  return named(`debate, ${name}`, (roster) => ({
    pattern: 'debate',
    depth: 'combined',
    gate: 'off',
    participants: everybody(roster),
    protocol: { kind: 'plurality' },
    rounds,
    ...terms,
  }));
}

const byRecord: Protocol = { kind: 'weighted', by: 'record' };
const schulze: Protocol = { kind: 'ranked', method: 'schulze' };
const runOff: Protocol = { kind: 'ranked', method: 'instant-runoff' };
const schulzeByRecord: Protocol = { ...schulze, by: 'record' };

const defaults: readonly Strategy[] = [
  { name: 'default vote', request: { pattern: 'consensus' } as const },
  { name: 'default debate, quick', request: { pattern: 'debate', thoroughness: 0.2 } as const },
  { name: 'default debate', request: { pattern: 'debate' } as const },
  { name: 'default debate, thorough', request: { pattern: 'debate', thoroughness: 0.9 } as const },
].map(({ name, request }) => ({ name, kind: 'default', request: () => request }));

const single: readonly Strategy[] = [
  {
    name: 'one agent, any',
    kind: 'baseline',
    request: (roster) => ({
      pattern: 'consensus',
      participants: everybody(roster).slice(0, 1),
      protocol: { kind: 'plurality' },
    }),
  },
  named('one agent, best record', (roster) => ({
    pattern: 'consensus',
    participants: everybody(best(roster, 1)),
    protocol: { kind: 'plurality' },
  })),
];

const votes: readonly Strategy[] = [
  { ...vote('plurality', { kind: 'plurality' }), name: majority, kind: 'baseline' },
  vote('plurality, 3 rounds', { kind: 'plurality' }, 3),
  vote('by record', byRecord),
  named('vote of the best three, by record', (roster) => ({
    pattern: 'consensus',
    participants: everybody(best(roster, 3)),
    protocol: byRecord,
  })),
  named('vote, half of the weight by record, 3 rounds', (roster) => ({
    pattern: 'consensus',
    participants: weighedByRecord(roster),
    protocol: { kind: 'supermajority', share: 0.5 },
    rounds: 3,
  })),
  vote('approval', { kind: 'approval' }),
  vote('Schulze', schulze),
  vote('Schulze, by record', schulzeByRecord),
  vote('instant run-off', runOff),
  vote('instant run-off, by record', { ...runOff, by: 'record' }),
  ...[false, true].map((veto) =>
    named(`vote, quorum of half${veto ? ', veto' : ''}`, (roster) => ({
      pattern: 'consensus',
      participants: everybody(roster),
      protocol: { kind: 'quorum', required: halfOf(roster), ...(veto && { veto }) },
    })),
  ),
  named('vote, quorum of 2f + 1, 3 rounds', (roster) => ({
    pattern: 'consensus',
    participants: everybody(roster),
    protocol: { kind: 'quorum', required: 2 * faultsTolerated(roster.entries.length) + 1 },
    rounds: 3,
  })),
  vote('two thirds', { kind: 'supermajority', share: 2 / 3 }),
  vote('unanimity', { kind: 'unanimity' }),
  vote('judge', { kind: 'judge' }),
];

function halfOf({ entries }: Roster): number {
  return Math.floor(entries.length / 2) + 1;
}

const debates: readonly Strategy[] = [
  debate('1 round', 1),
  debate('2 rounds', 2),
  debate('3 rounds', 3),
  debate('2 rounds, by record', 2, { protocol: byRecord }),
  debate('2 rounds, Schulze, by record', 2, { protocol: schulzeByRecord }),
  debate('2 rounds, split', 2, { depth: 'split' }),
  debate('2 rounds, judge', 2, { protocol: { kind: 'judge' } }),
];

/** A gate that looks at nothing but what is given: whether the vote decides it always sees. */
function gateOf(terms: Partial<Gate>): Partial<Gate> {
  return {
    disagreementMax: 1,
    marginMin: 0,
    confidenceMin: 0,
    confidenceAsk: 0,
    statedMin: 0,
    ...terms,
  };
}

const gated: readonly Strategy[] = [
  { name: 'if undecided', gate: gateOf({}) },
  { name: 'if led by less than 20 %', gate: gateOf({ marginMin: 0.2 }) },
  { name: 'if led by less than 60 %', gate: gateOf({ marginMin: 0.6 }) },
  { name: 'if less than 60 % sure', gate: gateOf({ confidenceMin: 0.6 }) },
  { name: 'if less than 75 % sure', gate: gateOf({ confidenceMin: 0.75 }) },
  { name: 'if spread by more than 0.5', gate: gateOf({ disagreementMax: 0.5 }) },
].map(({ name, gate }) => debate(`2 rounds ${name}, by record`, 2, { protocol: byRecord, gate }));

/** Weights of the true accuracies and the true correlation. */
const oracles: readonly Strategy[] = [
  { name: 'oracle: vote, true log-odds', protocol: { kind: 'weighted' } as const },
  { name: 'oracle: vote, Schulze, true log-odds', protocol: schulze },
].map(({ name, protocol }) => ({
  name,
  kind: 'oracle',
  request: (roster) => ({
    pattern: 'consensus',
    participants: weighedByTruth(roster),
    protocol,
  }),
}));

/** Every way to settle a question that the harness compares. */
export const strategies: readonly Strategy[] = [
  ...defaults,
  ...single,
  ...votes,
  ...debates,
  ...gated,
  ...oracles,
];
