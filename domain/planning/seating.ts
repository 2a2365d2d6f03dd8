import { chairSeat } from '../collaboration/ballots.ts';
import type { Seat } from '../collaboration/plan.ts';
import type { CollaborationRequest, ParticipantInput } from '../collaboration/request.ts';
import { builtInPersonas, defaultPersonas } from '../personas/persona.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { countsWeights, isByRecord } from '../protocols/validity.ts';
import type { Agent } from '../providers/agent.ts';
import { fieldOf, shown, type Fault } from './fault.ts';

/** Who could sit at the table. */
export interface Candidates {
  /** All agents of the tenant. */
  readonly panel: readonly Agent[];
  /** Names of those that cannot be reached now. */
  readonly offline: readonly string[];
}

/** Seats that an agent takes when it is alone. */
const seatsOfOneAgent = 3;

/** Most names that a message lists. */
const namesMax = 20;

type Participant = Exclude<ParticipantInput, string>;

/**
 * Seats the participants of a request, or the tenant's panel where it names none.
 *
 * The panel is every agent that is not offline: the real ones where there are any, else the simulated ones, never
 * both. An agent that is alone takes three seats, each with another persona.
 *
 * @param request - names agents that exist, see {@link participantFaults}
 * @param candidates - who could sit at the table
 * @param agentsMax - most agents that are taken from the panel
 * @throws Error when an agent does not exist
 */
export function seatsOf(
  request: CollaborationRequest,
  candidates: Candidates,
  agentsMax: number,
): readonly Seat[] {
  const asked = request.participants?.map(asParticipant) ?? panelOf(candidates, agentsMax);
  const taken: string[] = [];
  return asked.map((participant, index) => {
    const agent = agentNamed(candidates.panel, participant.agent);
    const isRepeated = taken.includes(participant.agent);
    taken.push(participant.agent);
    const own = isRepeated ? [] : agent.personas;
    return {
      seat: `s${index + 1}`,
      agent: participant.agent,
      personas: personasOf(participant, own.length > 0 ? own : defaultPersonas(index)),
      weight: participant.weight ?? 1,
      simulated: agent.simulated,
      model: { provider: agent.provider, model: agent.model },
    };
  });
}

function asParticipant(input: ParticipantInput): Participant {
  return typeof input === 'string' ? { agent: input } : input;
}

function panelOf({ panel, offline }: Candidates, agentsMax: number): readonly Participant[] {
  const present = panel.filter(({ name }) => !offline.includes(name));
  const real = present.filter(({ simulated }) => !simulated);
  const chosen = (real.length > 0 ? real : present).slice(0, agentsMax);
  const [alone] = chosen;
  if (alone === undefined || chosen.length > 1) return chosen.map(({ name }) => ({ agent: name }));
  return Array.from({ length: seatsOfOneAgent }, (_, index) => ({
    agent: alone.name,
    personas: defaultPersonas(index),
  }));
}

function personasOf(participant: Participant, otherwise: readonly string[]): readonly string[] {
  const { persona, personas = [] } = participant;
  const asked = new Set(persona === undefined ? personas : [persona, ...personas]);
  return asked.size > 0 ? [...asked] : otherwise;
}

/**
 * Tells what is wrong with the participants: an agent or persona that nobody knows, a weight that would not count,
 * nobody at all.
 */
export function participantFaults(
  request: CollaborationRequest,
  candidates: Candidates,
): readonly Fault[] {
  const agents = candidates.panel.map(({ name }) => name);
  const personas = [...new Set([...builtInPersonas, ...Object.keys(request.personas ?? {})])];
  if (request.participants === undefined) return panelFaults(candidates);
  return request.participants.flatMap((input, index) => {
    const participant = asParticipant(input);
    const at = ['participants', index];
    return [
      ...unknownFaults({
        path: typeof input === 'string' ? at : [...at, 'agent'],
        name: participant.agent,
        known: agents,
      }),
      ...personaFaults(participant, at, personas),
      ...weightFaults(participant, at, request.protocol),
    ];
  });
}

function panelFaults({ panel, offline }: Candidates): readonly Fault[] {
  if (panel.some(({ name }) => !offline.includes(name))) return [];
  const got =
    panel.length === 0 ? 'nothing, and no registered agent' : 'nothing, and no agent online';
  return [{ field: 'participants', got, expected: 'at least 1 agent' }];
}

function personaFaults(
  { persona, personas = [] }: Participant,
  at: readonly PropertyKey[],
  known: readonly string[],
): readonly Fault[] {
  const one = persona === undefined ? [] : [{ path: [...at, 'persona'], name: persona }];
  const several = personas.map((name, index) => ({ path: [...at, 'personas', index], name }));
  return [...one, ...several].flatMap(({ path, name }) => unknownFaults({ path, name, known }));
}

function weightFaults(
  { weight = 1 }: Participant,
  at: readonly PropertyKey[],
  protocol: Protocol | undefined,
): readonly Fault[] {
  if (weight === 1 || protocol === undefined) return [];
  if (isByRecord(protocol)) {
    const expected = `none, or 1, under ${protocol.kind} by record, where weights come from the records`;
    return [{ field: fieldOf([...at, 'weight']), got: shown(weight), expected }];
  }
  if (countsWeights(protocol)) return [];
  return [
    {
      field: fieldOf([...at, 'weight']),
      got: shown(weight),
      expected: `none, or 1, under ${protocol.kind}; weights count under weighted, approval, ranked and supermajority`,
    },
  ];
}

function unknownFaults(named: {
  path: readonly PropertyKey[];
  name: string;
  known: readonly string[];
}): readonly Fault[] {
  const { path, name, known } = named;
  if (known.includes(name)) return [];
  return [{ field: fieldOf(path), got: shown(name), expected: `one of: ${listed(known)}` }];
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none is registered';
  const rest = names.length - namesMax;
  const first = names.slice(0, namesMax).join(', ');
  return rest > 0 ? `${first} and ${rest} more` : first;
}

/** The agent that judges, groups and writes up, and the field that names it; the first participant by default. */
function chairNamed(request: CollaborationRequest): { field: string; name: string } | null {
  if (request.chair !== undefined) return { field: 'chair', name: request.chair };
  const judge = request.protocol?.kind === 'judge' ? request.protocol.judge : undefined;
  return judge === undefined ? null : { field: 'protocol.judge', name: judge };
}

/** Tells what is wrong with the chair: an agent that does not exist, or two different ones. */
export function chairFaults(
  request: CollaborationRequest,
  { panel }: Candidates,
): readonly Fault[] {
  const named = chairNamed(request);
  if (named === null) return [];
  const known = panel.map(({ name }) => name);
  const faults = unknownFaults({ path: named.field.split('.'), name: named.name, known });
  const judge = request.protocol?.kind === 'judge' ? request.protocol.judge : undefined;
  if (judge === undefined || judge === named.name) return faults;
  const expected = 'the same agent as chair, or none';
  return [...faults, { field: 'protocol.judge', got: shown(judge), expected }];
}

/**
 * Seats the chair beside the participants.
 *
 * @param request - names a chair that exists, or none: then the first participant's agent takes it
 * @param seats - the participants, at least one
 * @throws Error when the agent does not exist
 */
export function chairOf(
  request: CollaborationRequest,
  seats: readonly Seat[],
  { panel }: Candidates,
): Seat {
  const { name, simulated } = agentNamed(panel, chairNamed(request)?.name ?? seats[0]?.agent);
  return { seat: chairSeat, agent: name, personas: [], weight: 1, simulated };
}

/** Callers have checked that it exists. */
function agentNamed(panel: readonly Agent[], name: string | undefined): Agent {
  const agent = panel.find((candidate) => candidate.name === name);
  if (agent === undefined)
    throw new Error('agent: got a name that nobody has, expected a known one');
  return agent;
}
