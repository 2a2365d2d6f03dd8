import { hash } from 'node:crypto';

import type { Fact, TurnFact, TurnRef } from '../../domain/collaboration/fact.ts';
import type { Plan } from '../../domain/collaboration/plan.ts';
import { factsOf, turnsOf } from '../../domain/collaboration/step.ts';
import { emptyHead, sealEvents } from '../../domain/ledger/chain.ts';
import { eventOf, type LedgerEvent } from '../../domain/ledger/event.ts';
import { foldRun, machines } from '../../domain/machines.ts';
import type { Changes } from '../../domain/replay/changes.ts';
import { compare } from '../../domain/replay/comparison.ts';
import { recordedRun } from '../../domain/replay/recorded-run.ts';
import { whatIf } from '../../domain/replay/what-if.ts';
import { figure } from '../figures.ts';
import type { Finding } from '../figures.ts';

const WHAT_IFS = 500;
const COMPARISONS = 50;
const WARM_UP_RUNS = 200;
const MS_PER_SECOND = 1000;
const stream = 'bench';
const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** Measures what-ifs of one record of 5 agents and 3 rounds, on one processor: arithmetic, no stack. */
export function measureWhatIf(): Finding {
  const events = referenceEvents();
  const ask = (changes: Changes): string => whatIf(readAgain(events), changes).kind;
  for (let run = 0; run < WARM_UP_RUNS; run += 1) ask(changesOf(run));

  const startedAt = performance.now();
  const recorded = readAgain(events);
  const kinds = Array.from({ length: WHAT_IFS }, (_, run) => whatIf(recorded, changesOf(run)).kind);
  const onceReadMs = performance.now() - startedAt;

  const againAt = performance.now();
  for (let run = 0; run < WHAT_IFS; run += 1) ask(changesOf(run));
  const readEachTimeMs = performance.now() - againAt;

  const comparedAt = performance.now();
  for (let run = 0; run < COMPARISONS; run += 1) compare(recorded);
  const comparedMs = (performance.now() - comparedAt) / COMPARISONS;

  const answered = kinds.filter((kind) => kind === 'answered').length;
  const target = { kind: 'most', value: 1 } as const;
  return {
    measurement: `what-ifs of one record (5 agents, 3 rounds; ${String(WHAT_IFS)} what-ifs)`,
    figures: [
      figure(
        `${String(WHAT_IFS)} what-ifs, record read once`,
        onceReadMs / MS_PER_SECOND,
        's',
        target,
      ),
      figure(
        `${String(WHAT_IFS)} what-ifs, record read for each`,
        readEachTimeMs / MS_PER_SECOND,
        's',
        target,
      ),
      figure('a comparison of all protocols', comparedMs, 'ms'),
    ],
    notes: [`${String(answered)} answered, ${String(WHAT_IFS - answered)} name what is missing`],
  };
}

function readAgain(events: readonly LedgerEvent[]): ReturnType<typeof recordedRun> {
  return recordedRun(events, () => '');
}

/** No two of them are the same. */
function changesOf(run: number): Changes {
  const weight = 1 + run / WHAT_IFS;
  const variants: readonly Changes[] = [
    { protocol: { kind: 'weighted' }, weights: { s1: weight } },
    { protocol: { kind: 'supermajority', share: 0.5 + run / WHAT_IFS / 2 } },
    { quorum: 1 + (run % 5), rounds: 1 + (run % 3) },
    { without: [`agent-${String(1 + (run % 5))}`], rounds: 3 - (run % 2) },
    { protocol: { kind: 'ranked', method: 'schulze' }, rounds: 1 + (run % 3) },
    { protocol: { kind: 'unanimity' }, stopOnStability: run % 4 > 1 },
  ];
  return variants[run % variants.length] ?? {};
}

function referencePlan(): Plan {
  const seat = (name: string, agent: string): Plan['chair'] => ({
    seat: name,
    agent,
    personas: [],
    weight: 1,
    simulated: true,
  });
  return {
    pattern: 'debate',
    seed: '00ff',
    seats: [1, 2, 3, 4, 5].map((number) => seat(`s${String(number)}`, `agent-${String(number)}`)),
    protocol: { kind: 'plurality' },
    optionKeys: ['o1', 'o2', 'o3'],
    grouping: 'normalised',
    rounds: 3,
    depth: 'combined',
    stopOnStability: false,
    endsEarly: false,
    synthesis: false,
    chair: seat('chair', 'agent-1'),
    allowFallback: false,
    budget: { tokens: 100_000, microsUsd: 1_000_000 },
    deadlineMs: null,
    maxOutputTokens: 1_000,
    promptTokens: 500,
    thoroughness: 0.5,
  };
}

/** The seats are of three minds at first and come together round by round. */
function replyTo(turn: TurnRef): TurnFact {
  const number = Number(turn.seat.slice(1));
  const option = `o${String(Math.max(1, (number % 3) + 2 - turn.round))}`;
  return {
    type: 'position.submitted',
    ...turn,
    choice: { kind: 'single', option },
    confidence: 0.7,
    citing: turn.round === 1 ? null : 'proposal-1-s1',
    usage: { inputTokens: 800, cachedTokens: 400, outputTokens: 200 },
    microsUsd: 1_500,
  };
}

function referenceEvents(): readonly LedgerEvent[] {
  const plan = referencePlan();
  const machine = machines[plan.pattern];
  const facts: Fact[] = [{ type: 'collaboration.opened', plan }];
  for (let state = foldRun(facts); ; state = foldRun(facts)) {
    const step = machine.next(state);
    if (step.kind === 'end') break;
    facts.push(...factsOf(step), ...turnsOf(step).map(replyTo));
  }
  const events = facts.map((fact, index) =>
    eventOf(fact, {
      id: `${stream}/${String(index)}`,
      source: `/collaborations/${stream}`,
      subject: stream,
      time: new Date(index * MS_PER_SECOND).toISOString(),
      content: contentOf(fact),
    }),
  );
  return sealEvents(events, { stream, head: emptyHead }, sha256);
}

function contentOf(fact: Fact): unknown {
  if (fact.type === 'collaboration.opened') {
    const options = ['Postgres', 'SQLite', 'MySQL'];
    return { question: 'Which store?', options, materials: [], personas: {} };
  }
  if (!('turn' in fact)) return undefined;
  return {
    answer: '',
    rationale: 'because of its row security '.repeat(20),
    evidence: ['it has row security'],
    critiques: [],
    model: 'bench',
    agent: 'agent',
    simulated: true,
    finish: 'stop',
    repaired: null,
    promptSha256: sha256('prompt'),
    latencyMs: 50,
    leftOut: [],
  };
}
