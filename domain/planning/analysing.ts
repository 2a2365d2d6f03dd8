import { partsMaxFor } from '../analysis/routing.ts';
import type { Plan } from '../collaboration/plan.ts';
import type { CollaborationRequest } from '../collaboration/request.ts';
import { reservationFor, type PricesByAgent } from './estimate.ts';
import { shown, type Fault } from './fault.ts';

/**
 * Takes into the plan how its question is cut.
 *
 * @returns no field at all for other patterns
 */
export function cuttingOf(
  request: CollaborationRequest,
  thoroughness: number,
): Pick<Plan, 'cutting'> {
  if (request.pattern !== 'analysis') return {};
  return {
    cutting: {
      partsMax: request.parts ?? partsMaxFor(thoroughness),
      reserve: { tokens: 0, microsUsd: 0 },
      personasFixed: seatsWithPersonas(request),
      outputFixed: request.maxOutputTokens ?? null,
    },
  };
}

function seatsWithPersonas({ participants = [] }: CollaborationRequest): readonly string[] {
  return participants.flatMap((participant, index) => {
    if (typeof participant === 'string') return [];
    const { persona, personas = [] } = participant;
    return persona === undefined && personas.length === 0 ? [] : [`s${index + 1}`];
  });
}

/**
 * Holds back what the synthesis of an analysis may need, so that its parts cannot use it up; other plans stay as they are.
 *
 * @param plan - as it will run
 * @param prices - prices of its agents
 */
export function withReserve(plan: Plan, prices: PricesByAgent): Plan {
  const { cutting, chair } = plan;
  if (cutting === undefined) return plan;
  const price = prices[chair.agent] ?? null;
  const { tokens, microsUsd } = reservationFor({ task: 'synthesis', round: 1, plan, price });
  return { ...plan, cutting: { ...cutting, reserve: { tokens, microsUsd: microsUsd ?? 0 } } };
}

/** Fields that belong to a vote: in an analysis the parts vote. */
const ofVotes = [
  'protocol',
  'rounds',
  'depth',
  'gate',
  'grouping',
  'stopOnStability',
  'endsEarly',
  'toleratedFaults',
] as const satisfies readonly (keyof CollaborationRequest)[];

/** Tells what an analysis cannot be asked for, and what only an analysis can. */
export function analysisFaults(request: CollaborationRequest): readonly Fault[] {
  const { pattern, parts } = request;
  if (pattern === 'analysis') return [...textFaults(request), ...voteFaults(request)];
  if (parts === undefined) return [];
  const expected = `none in a ${pattern}: only an analysis is cut into parts`;
  return [{ field: 'parts', got: shown(parts), expected }];
}

function textFaults({ options, synthesis, people }: CollaborationRequest): readonly Fault[] {
  const faults: Fault[] = [];
  if (options !== undefined) {
    const expected = 'none in an analysis, which is answered by a text';
    faults.push({ field: 'options', got: shown(options), expected });
  }
  if (synthesis === false) {
    const expected = 'true or nothing, for an analysis ends with a synthesis';
    faults.push({ field: 'synthesis', got: shown(synthesis), expected });
  }
  if (people?.points?.includes('round') === true) {
    const expected = 'no point round, for an analysis has no rounds';
    faults.push({ field: 'people.points', got: shown('round'), expected });
  }
  return faults;
}

function voteFaults(request: CollaborationRequest): readonly Fault[] {
  const expected = 'none in an analysis, where each part has its own by its kind';
  return ofVotes.flatMap((field) =>
    request[field] === undefined ? [] : [{ field, got: shown(request[field]), expected }],
  );
}
