import { z } from 'zod';
import { maybe, onlyKnown } from '../fields.ts';

import type { Plan, Seat } from '../collaboration/plan.ts';
import { usualGate } from '../gate/gate-defaults.ts';
import { gateSchema } from '../gate/gate-schema.ts';
import type { Gate } from '../gate/gate-terms.ts';
import { shown, type Fault } from '../planning/fault.ts';
import { gateFaults, gateOf } from '../planning/gating.ts';
import { protocolSchema } from '../protocols/protocol-schema.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { countsWeights } from '../protocols/validity.ts';

/** What a what-if does differently; everything else stays as it was recorded. */
export interface Changes {
  readonly protocol?: Protocol;
  /** Short for the protocol `quorum` with that many seats; a veto stays where there was one. */
  readonly quorum?: number;
  /** New weights, by seat. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Agents that are left out, with all their seats. The chair stays. */
  readonly without?: readonly string[];
  readonly rounds?: number;
  readonly stopOnStability?: boolean;
  /** Thresholds that are left out stay those of the plan; of a plan without a gate they follow thoroughness. */
  readonly gate?: 'off' | Partial<Gate>;
}

const seatsMax = 50;
const quorumError = `a whole number from 1 to ${seatsMax}`;
const weightError = { error: 'a number above 0, up to 1,000' };
const roundsError = { error: 'a whole number from 1 to 5' };
const agentError = { error: "an agent's name, 1 to 200 characters" };
const fields = ['protocol', 'quorum', 'weights', 'without', 'rounds', 'stopOnStability', 'gate'];

/** Checks the changes of a what-if as they come from outside; unknown fields are refused. What depends on the record is told by `changedPlan`. */
export const changesSchema = z.strictObject(
  {
    protocol: maybe(protocolSchema),
    quorum: maybe(
      z
        .int({ error: quorumError })
        .min(1, { error: quorumError })
        .max(seatsMax, { error: quorumError })
        .describe('Short for the protocol `quorum` with that many seats; a veto stays as it was.'),
    ),
    weights: maybe(
      z
        .record(z.string(), z.number(weightError).gt(0, weightError).max(1_000, weightError), {
          error: 'an object, seat to weight',
        })
        .describe('New weights by seat, for instance `{ "s1": 2 }`; the others stay.'),
    ),
    without: maybe(
      z
        .array(z.string(agentError).min(1, agentError).max(200, agentError), {
          error: 'a list of agents',
        })
        .max(seatsMax, { error: `at most ${seatsMax} agents` })
        .describe('Agents that are left out, with all their seats. The chair stays.'),
    ),
    rounds: maybe(
      z.int(roundsError).min(1, roundsError).max(5, roundsError).describe('Most rounds.'),
    ),
    stopOnStability: maybe(
      z
        .boolean({ error: 'true or false' })
        .describe('Whether a debate ends when nobody changed position in a round.'),
    ),
    gate: maybe(
      gateSchema.describe(
        'Whether the blind vote of a debate may be enough; thresholds that are not given stay as they were.',
      ),
    ),
  },
  { error: onlyKnown(fields) },
);

/** The plan of a what-if, or everything that stands against one. */
export type ChangedPlan =
  | { readonly ok: true; readonly plan: Plan; readonly leftOut: ReadonlySet<string> }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Fewest participants that can disagree. */
const debatersMin = 2;

/**
 * Changes a recorded plan. Every setting that a what-if may change enters here and nowhere else.
 *
 * @param plan - as it was recorded
 * @param seats - all seats that the run ever had, those that people added included
 * @param changes - of the shape that {@link changesSchema} accepts
 */
export function changedPlan(plan: Plan, seats: readonly Seat[], changes: Changes): ChangedPlan {
  const refused = withoutWhatIf(plan);
  if (refused.length > 0) return { ok: false, faults: refused };
  const left = (changes.without ?? []).filter((agent) =>
    seats.some((seat) => seat.agent === agent),
  );
  const stays = ({ agent }: Seat): boolean => !left.includes(agent);
  const protocol = protocolOf(plan, changes);
  const table = { plan, protocol, all: seats, seats: plan.seats.filter(stays) };
  const { rounds = plan.rounds, stopOnStability = plan.stopOnStability } = changes;
  const gated = { ...plan, protocol, rounds };
  const base = plan.gate ?? usualGate(plan);
  const faults = [
    ...withoutFaults(changes, table),
    ...protocolFaults(changes, table),
    ...weightFaults(changes, { ...table, seats: seats.filter(stays) }),
    ...gateFaults(gated, changes.gate, base),
  ];
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    plan: {
      ...gated,
      ...(changes.gate === undefined ? {} : gateOf(gated, changes.gate, base)),
      stopOnStability,
      seats: table.seats.map((seat) => weighed(seat, changes)),
    },
    leftOut: new Set(seats.filter((seat) => !stays(seat)).map(({ seat }) => seat)),
  };
}

/** Tells why there is no what-if of a run at all; nothing where there is one. */
export function withoutWhatIf({ pattern }: Plan): readonly Fault[] {
  if (pattern !== 'analysis') return [];
  const expected =
    'a debate or a consensus: an analysis is answered by its parts, so ask its parts';
  return [{ field: 'pattern', got: shown(pattern), expected }];
}

/** Gives a seat the weight that a what-if wants for it. */
export function weighed(seat: Seat, { weights = {} }: Changes): Seat {
  return { ...seat, weight: weights[seat.seat] ?? seat.weight };
}

function protocolOf(plan: Plan, { protocol, quorum }: Changes): Protocol {
  if (quorum !== undefined) {
    const hadVeto = plan.protocol.kind === 'quorum' && plan.protocol.veto === true;
    return { kind: 'quorum', required: quorum, ...(hadVeto ? { veto: true } : {}) };
  }
  // Who judges is the chair, as at the start.
  return protocol?.kind === 'judge' ? { kind: 'judge' } : (protocol ?? plan.protocol);
}

interface Table {
  readonly plan: Plan;
  readonly protocol: Protocol;
  readonly all: readonly Seat[];
  /** Those that stay. */
  readonly seats: readonly Seat[];
}

function withoutFaults({ without = [] }: Changes, { plan, all, seats }: Table): readonly Fault[] {
  const agents = [...new Set(all.map(({ agent }) => agent))];
  const unknown = without.flatMap((agent, index): Fault[] =>
    agents.includes(agent)
      ? []
      : [
          {
            field: `without[${index}]`,
            got: shown(agent),
            expected: `one of: ${agents.join(', ')}`,
          },
        ],
  );
  const needed = plan.pattern === 'debate' ? debatersMin : 1;
  if (without.length === 0 || seats.length >= needed) return unknown;
  const got = `${seats.length} of ${plan.seats.length} participants left`;
  const expected = `at least ${needed} of them in a ${plan.pattern}`;
  return [...unknown, { field: 'without', got, expected }];
}

function protocolFaults(changes: Changes, { plan, protocol, seats }: Table): readonly Fault[] {
  if (changes.protocol !== undefined && changes.quorum !== undefined) {
    return [{ field: 'quorum', got: shown(changes.quorum), expected: 'nothing beside protocol' }];
  }
  if (protocol.kind === 'quorum' && protocol.required > seats.length) {
    const field = changes.quorum === undefined ? 'protocol.required' : 'quorum';
    const expected = `1 to ${seats.length}, the number of participants`;
    return [{ field, got: shown(protocol.required), expected }];
  }
  const judge = changes.protocol?.kind === 'judge' ? changes.protocol.judge : undefined;
  if (judge === undefined || judge === plan.chair.agent) return [];
  const expected = `none, or ${shown(plan.chair.agent)}, who had the chair`;
  return [{ field: 'protocol.judge', got: shown(judge), expected }];
}

function weightFaults({ weights = {} }: Changes, { protocol, seats }: Table): readonly Fault[] {
  const names = seats.map(({ seat }) => seat);
  return Object.entries(weights).flatMap(([seat, weight]): Fault[] => {
    if (!names.includes(seat)) {
      const expected = `a seat: ${names.join(', ')}`;
      return [{ field: 'weights', got: shown(seat), expected }];
    }
    if (weight === 1 || countsWeights(protocol)) return [];
    const expected = `none, or 1, under ${protocol.kind}; weights count under weighted, approval, ranked and supermajority`;
    return [{ field: `weights.${seat}`, got: shown(weight), expected }];
  });
}
