import { chairBriefOf } from '../domain/analysis/chair-brief.ts';
import { chairSeat } from '../domain/collaboration/ballots.ts';
import { optionsOf, standingAnswers, type CaseFile } from '../domain/collaboration/case-file.ts';
import type { TurnRef } from '../domain/collaboration/fact.ts';
import type { Seat } from '../domain/collaboration/plan.ts';
import type { Sha256 } from '../domain/ledger/event.ts';
import { materialRoomOf } from '../domain/planning/prompt-size.ts';
import { mergePersonas } from '../domain/personas/persona.ts';
import { anonymousNames } from '../domain/prompts/anonymous-names.ts';
import type { PromptMaterial, PromptSource } from '../domain/prompts/material.ts';
import type { Agent } from '../domain/providers/agent.ts';
import { optionsOf as keysOf } from '../domain/protocols/validity.ts';
import type { KeyedAnswer, ReplyContext } from '../domain/replies/reply.ts';

/** What a turn's prompt is built from, and what its reply is read against. */
export interface TurnBrief {
  readonly material: PromptMaterial;
  readonly context: ReplyContext;
}

/** What a brief is made from. */
export interface BriefInput {
  readonly turn: TurnRef;
  readonly file: CaseFile;
  readonly agent: Pick<Agent, 'capabilities'>;
  readonly sources: readonly PromptSource[];
  readonly sha256: Sha256;
}

/**
 * Finds who sits on a seat.
 *
 * @throws Error when nobody does, which only a bug can cause
 */
export function seatOf(file: CaseFile, name: string): Seat {
  if (name === chairSeat) return file.state.plan.chair;
  const seat = file.state.seats.find((candidate) => candidate.seat === name);
  if (seat === undefined) throw new Error(`seat: got ${name}, expected one of the run's`);
  return seat;
}

/** Puts together what one seat is asked in one turn. */
export function briefOf(input: BriefInput): TurnBrief {
  const { turn, file, agent, sources, sha256 } = input;
  const { state, opened, passes, messages } = file;
  const { plan } = state;
  const seats = state.seats.map(({ seat }) => seat);
  const answers =
    turn.task === 'grouping' || turn.task === 'judgement' ? standingAnswers(file) : [];
  const joinedLater = seats.length - plan.seats.length;
  const names = anonymousNames(plan.seed, seats, joinedLater);
  const held = state.standpoints[turn.seat];
  const chair = chairBriefOf(file);
  const material: PromptMaterial = {
    round: turn.round,
    rounds: plan.rounds,
    question: opened.question,
    options: optionsOf(file),
    protocol: plan.protocol,
    sources,
    materialTokensMax: materialRoomOf(plan, opened),
    passes: turn.task === 'proposal' ? [] : passes,
    messages,
    directives: state.pass?.directives ?? { context: 'full', isLast: true },
    seed: plan.seed,
    seats,
    joinedLater,
    answers,
    own: {
      seat: turn.seat,
      persona: personaOf(file, turn.seat),
      previousAnswer: held === undefined ? null : wordsOf(file, keysOf(held.choice)),
      vision: agent.capabilities.vision ?? false,
      budgetLeft: budgetLeft(file),
    },
    ...chair.material,
  };
  const context: ReplyContext = {
    protocol: plan.protocol,
    options: turn.task === 'judgement' ? judgeable(file, answers) : material.options,
    grouping: plan.grouping,
    depth: plan.depth,
    merges: state.merges,
    arguments: [...file.argumentTurns]
      .filter(([seat]) => seat !== turn.seat)
      .flatMap(([seat, argument]) => ({ name: names.get(seat) ?? seat, turn: argument })),
    self: names.get(turn.seat) ?? turn.seat,
    previous: held?.choice ?? null,
    answers,
    sha256,
    ...chair.context,
  };
  return { material, context };
}

function judgeable(file: CaseFile, answers: readonly KeyedAnswer[]): readonly KeyedAnswer[] {
  const options = optionsOf(file);
  return options.length > 0 ? options : answers;
}

function wordsOf(file: CaseFile, keys: readonly string[]): string {
  return keys.map((key) => file.labels.get(key) ?? key).join('\n');
}

/** Instructions of a seat's personas; the plan was refused if one of them were unknown. */
function personaOf(file: CaseFile, name: string): string {
  const merged = mergePersonas(seatOf(file, name).personas, file.opened.personas);
  if (!merged.ok) throw new Error(`seat ${name} has a persona that nobody knows`);
  return merged.instructions;
}

function budgetLeft({ state }: CaseFile): PromptMaterial['own']['budgetLeft'] {
  const { budget, spent } = state;
  return {
    tokens: budget.tokens === null ? null : Math.max(0, budget.tokens - spent.tokens),
    microsUsd: budget.microsUsd === null ? null : Math.max(0, budget.microsUsd - spent.microsUsd),
  };
}
