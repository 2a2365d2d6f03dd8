import { hash } from 'node:crypto';

import { unknownUsage } from '../../../domain/providers/usage.ts';
import type { Fact, TurnRef } from '../../../domain/collaboration/fact.ts';
import { turnRef } from '../../../domain/collaboration/fact.ts';
import type { Plan, Seat } from '../../../domain/collaboration/plan.ts';
import type { Choice } from '../../../domain/protocols/protocol.ts';
import { emptyHead, sealEvents } from '../../../domain/ledger/chain.ts';
import { eventOf } from '../../../domain/ledger/event.ts';
import type {
  LedgerEvent,
  OpenedContent,
  Sha256,
  TurnContent,
} from '../../../domain/ledger/event.ts';

/** The stream of every sample. */
export const sampleStream = 'c_sample';

/** SHA-256 as the ledger computes it. */
export const sha256: Sha256 = (text) => hash('sha256', text, 'hex');

/** A fact and what its event carries beside it. */
export interface Happening {
  readonly fact: Fact;
  readonly content?: unknown;
}

/** Makes a seat with an agent of the same number. */
export function seat(number: number, more: Partial<Seat> = {}): Seat {
  return {
    seat: `s${number}`,
    agent: `agent-${number}`,
    personas: ['critic'],
    weight: 1,
    simulated: false,
    ...more,
  };
}

/** Makes a plan for a closed debate of three, unless told otherwise. */
export function plan(more: Partial<Plan> = {}): Plan {
  return {
    pattern: 'debate',
    seed: '00ff',
    seats: [seat(1), seat(2), seat(3)],
    protocol: { kind: 'plurality' },
    optionKeys: ['o1', 'o2'],
    grouping: 'normalised',
    rounds: 2,
    depth: 'combined',
    stopOnStability: true,
    endsEarly: false,
    synthesis: false,
    chair: seat(1, { seat: 'chair', personas: [] }),
    allowFallback: true,
    budget: { tokens: null, microsUsd: 500_000 },
    deadlineMs: null,
    maxOutputTokens: 1000,
    promptTokens: 200,
    thoroughness: 0.5,
    ...more,
  };
}

/** Makes what a turn's event carries. */
export function said(answer: TurnContent['answer'], more: Partial<TurnContent> = {}): TurnContent {
  return {
    answer,
    rationale: `because ${typeof answer === 'string' ? answer : 'of much'}`,
    evidence: [],
    critiques: [],
    model: 'model-x',
    agent: 'agent-1',
    simulated: false,
    finish: 'stop',
    repaired: null,
    promptSha256: sha256('prompt'),
    latencyMs: 50,
    leftOut: [],
    ...more,
  };
}

/** What every paid call of the samples costs. */
export const price = {
  usage: { inputTokens: 100, cachedTokens: 40, outputTokens: 20 },
  microsUsd: 1_500,
};

/** A call whose cost nobody knows. */
export const unknownPrice = { usage: unknownUsage, microsUsd: null };

/** Opens a run. */
export function opened(of: Plan, content: Partial<OpenedContent> = {}): Happening {
  return {
    fact: { type: 'collaboration.opened', plan: of },
    content: {
      question: 'Which store?',
      options: of.optionKeys.map((key) => (key === 'o1' ? 'Postgres' : `MySQL ${key}`)),
      materials: [],
      personas: {},
      ...content,
    },
  };
}

/** Opens a pass. */
export function roundOpened(
  round: number,
  phase: 'nomination' | 'vote' | 'proposal' | 'critique' | 'revision',
  more: Partial<{ context: 'full' | 'summary'; isLast: boolean }> = {},
): Happening {
  return {
    fact: {
      type: 'round.opened',
      round,
      phase,
      seats: ['s1', 's2', 's3'],
      directives: { context: 'full', isLast: false, ...more },
    },
  };
}

/** Closes a pass. */
export function roundClosed(
  round: number,
  phase: 'nomination' | 'vote' | 'proposal' | 'critique' | 'revision',
): Happening {
  return { fact: { type: 'round.closed', round, phase, reason: 'complete' } };
}

/** A seat takes a position. */
export function position(
  of: TurnRef,
  choice: Choice,
  content: TurnContent | null,
  more: { readonly citing?: string; readonly confidence?: number } = {},
): Happening {
  return {
    fact: {
      type: 'position.submitted',
      ...of,
      ...price,
      choice,
      confidence: more.confidence ?? null,
      citing: more.citing ?? null,
    },
    ...(content === null ? {} : { content }),
  };
}

/** A vote for one option or answer. */
export function single(option: string): Choice {
  return { kind: 'single', option };
}

/** Ends a run with a decision. */
export function decided(
  answer: string,
  explanation = `"${answer}" has the most, 2 of 3`,
): Happening {
  return {
    fact: {
      type: 'decision.reached',
      verdict: {
        kind: 'decided',
        answer,
        reason: null,
        stoppedBy: 'rounds',
        rounds: 2,
        explanation,
      },
    },
  };
}

/** Chains what happened, one second apart. */
export function chained(happenings: readonly Happening[], stream = sampleStream): LedgerEvent[] {
  const events = happenings.map(({ fact, content }, index) =>
    eventOf(fact, {
      id: `${stream}/${index + 1}`,
      source: `/collaborations/${stream}`,
      subject: stream,
      time: `2026-11-21T09:00:${String(index).padStart(2, '0')}.000Z`,
      content,
    }),
  );
  return sealEvents(events, { stream, head: emptyHead }, sha256);
}

/** What happens in the sample debate: three seats, two rounds, a flip, a dissent, a repair, a cancelled call. */
export function sampleHappenings(): readonly Happening[] {
  const proposal = (number: number): TurnRef => turnRef('proposal', 1, `s${number}`);
  const revision = (number: number): TurnRef => turnRef('revision', 2, `s${number}`);
  return [
    opened(plan(), {
      materials: [
        { name: 'plan.md', mediaType: 'text/markdown', bytes: 12, sha256: sha256('material') },
      ],
    }),
    roundOpened(1, 'proposal'),
    position(proposal(1), single('o1'), said('Postgres', { evidence: ['it has row security'] }), {
      confidence: 0.8,
    }),
    position(proposal(2), single('o2'), said('MySQL o2', { agent: 'agent-2' }), {
      confidence: 0.6,
    }),
    position(
      proposal(3),
      single('o2'),
      said('MySQL o2', { agent: 'agent-3', repaired: 'prose instead of JSON' }),
    ),
    roundClosed(1, 'proposal'),
    {
      fact: { type: 'message.added', by: '/users/ann', messageId: 'm1' },
      content: { text: 'Mind the licence.' },
    },
    roundOpened(2, 'revision', { context: 'summary', isLast: true }),
    position(
      revision(2),
      single('o1'),
      said('Postgres', {
        agent: 'agent-2',
        model: 'model-y',
        critiques: [{ of: 'Participant A', text: 'sound' }],
      }),
      { citing: 'proposal-1-s1', confidence: 0.7 },
    ),
    position(revision(1), single('o1'), said('Postgres'), { confidence: 0.9 }),
    { fact: { type: 'turn.cancelled', ...revision(3), ...unknownPrice } },
    roundClosed(2, 'revision'),
    decided('o1'),
  ];
}

/** The sample debate as its ledger tells it. */
export function sampleEvents(): LedgerEvent[] {
  return chained(sampleHappenings());
}

/** Finds an event by number. */
export function eventAt(events: readonly LedgerEvent[], seq: number): LedgerEvent {
  const event = events[seq - 1];
  if (event === undefined) throw new Error(`sample: no event ${seq}`);
  return event;
}

/** Stands where no long text is expected. */
export function noLongTexts(text: { readonly artifact: string }): string {
  throw new Error(`unexpected artifact ${text.artifact}`);
}
