import { questionKindDefault } from '../calibration/question-kind.ts';
import { accuracyOf, weightsByRecord, type WeightPriors } from '../calibration/seat-weights.ts';
import type { TrackRecord } from '../calibration/track-record.ts';
import type { Agent } from '../providers/agent.ts';
import { simulatedProvider } from './records.ts';
import type { Member, Scenario } from './scenario.ts';

/** A scenario's members as a tenant's agents, in the order in which the default panel takes them. */
export interface Roster {
  readonly scenario: Scenario;
  readonly entries: readonly RosterEntry[];
  /** What the house knows of their models. */
  readonly records: readonly TrackRecord[];
}

/** One member with the agent's name under which it sits. */
export interface RosterEntry {
  readonly name: string;
  readonly member: Member;
}

/**
 * Lists a scenario's members, beginning with another one each time, so that who comes first in a default panel is
 * nobody's merit.
 *
 * @param scenario - whose members they are
 * @param turn - how far the list is turned, from 0
 * @param records - what the house knows of their models
 */
export function rosterOf(
  scenario: Scenario,
  turn: number,
  records: readonly TrackRecord[] = [],
): Roster {
  const entries = scenario.members.map((member, index) => ({ name: agentName(index), member }));
  const first = turn % entries.length;
  return { scenario, records, entries: [...entries.slice(first), ...entries.slice(0, first)] };
}

function agentName(index: number): string {
  return `a${String(index + 1)}`;
}

/**
 * Finds the member that an agent's name stands for.
 *
 * @param members - in the scenario's order
 * @throws Error when there is none
 */
export function memberNamed<T>(members: readonly T[], name: string): T {
  const found = members.find((_, index) => agentName(index) === name);
  if (found === undefined) throw new Error(`agent: got ${name}, expected one of the roster`);
  return found;
}

/** The roster as the planner sees it. */
export function agentsOf({ entries }: Roster): readonly Agent[] {
  return entries.map(({ name, member }) => ({
    name,
    provider: simulatedProvider,
    model: member.model,
    baseUrl: null,
    apiKeyEnv: null,
    personas: [],
    price: null,
    limits: {},
    fallback: null,
    capabilities: {},
    simulated: true,
  }));
}

/** Least weight that a record may give, so that nobody is shut out. */
const weightMin = 0.01;

/**
 * Gives the weight of a record: the log of its odds against the even chance of the wrong options. With two options and
 * independent seats no linear weights are better: S. Nitzan, J. Paroush, "Optimal Decision Rules in Uncertain Dichotomous
 * Choice Situations", International Economic Review 23 (1982).
 *
 * @param accuracy - between 0 and 1, both excluded
 * @param options - at least 2
 * @returns rounded to six decimals, at least 0.01
 */
export function logOddsWeight(accuracy: number, options: number): number {
  const odds = ((options - 1) * accuracy) / (1 - accuracy);
  return Math.max(weightMin, Math.round(Math.log(odds) * 1e6) / 1e6);
}

/**
 * Weighs the members by what nobody knows: their accuracy as their records would show it in the long run, and how much
 * same-model seats err together. Of k seats with that correlation each keeps 1 / (1 + (k - 1) x correlation) of its weight:
 * the design effect of L. Kish, "Survey Sampling" (1965).
 */
export function weighedByTruth({ entries, scenario }: Roster): readonly Weighed[] {
  return entries.map(({ name, member }) => {
    const alike = entries.filter((other) => other.member.model === member.model).length;
    const weight = logOddsWeight(member.record, scenario.options);
    return { agent: name, weight: weight / (1 + (alike - 1) * scenario.correlation) };
  });
}

/** A participant with the weight that is given to it. */
export interface Weighed {
  readonly agent: string;
  readonly weight: number;
}

/** How often a member's model is right, as far as the house knows. */
export function knownAccuracy({ records }: Roster, { model }: Member): number {
  const counts = records.find((record) => record.model === model)?.counts ?? [];
  return accuracyOf(counts, questionKindDefault);
}

/**
 * Weighs the members by the records that the house has, as the planner does for `weighted` by record, for protocols that
 * take weights as given.
 *
 * @param roster - members and records
 * @param priors - the planner's own unless given
 */
export function weighedByRecord(roster: Roster, priors?: WeightPriors): readonly Weighed[] {
  const seats = roster.entries.map(({ name, member }) => ({
    agent: name,
    modelKey: member.model,
    accuracy: knownAccuracy(roster, member),
  }));
  const { options } = roster.scenario;
  return weightsByRecord(seats, { options, priors }).map(({ agent, weight }) => ({
    agent,
    weight,
  }));
}
