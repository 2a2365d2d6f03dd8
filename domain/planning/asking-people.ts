import { approvalPoints, type ApprovalPoint, type People } from '../approvals/approval-terms.ts';
import { expirySecondsDefault, type PeopleInput } from '../approvals/people-schema.ts';
import type { Plan } from '../collaboration/plan.ts';
import type { CollaborationRequest } from '../collaboration/request.ts';
import { shown, type Fault } from './fault.ts';

const msPerSecond = 1_000;

/**
 * Takes into the plan where people are asked: points in their order, questions by number, and every default stated.
 *
 * @param asked - what the request says
 * @param plan - what else was decided
 * @param plan.gate - its way is the default where nobody answers it
 * @returns no field at all where nobody is asked
 */
export function peopleOf(
  asked: PeopleInput | undefined,
  { gate }: Pick<Plan, 'gate'>,
): Pick<Plan, 'people'> {
  if (asked === undefined) return {};
  const { questions = [], expiresAfterSeconds = expirySecondsDefault, onExpiry = {} } = asked;
  const points = pointsOf(asked);
  const people: People = {
    points: approvalPoints.filter((point) => points.includes(point)),
    questions: questions.length,
    expiresAfterMs: expiresAfterSeconds * msPerSecond,
    onExpiry: {
      gate: onExpiry.gate ?? gate?.askedWay ?? 'debate',
      round: onExpiry.round ?? 'approve',
      decision: onExpiry.decision ?? 'reject',
    },
  };
  return { people };
}

/** Questions are asked at the start, whether the point is named or not. */
function pointsOf({ points = [], questions = [] }: PeopleInput): readonly ApprovalPoint[] {
  return questions.length > 0 ? ['start', ...points] : points;
}

/** Tells what of the asking would never happen. */
export function peopleFaults(
  { people }: CollaborationRequest,
  { gate }: Pick<Plan, 'gate'>,
): readonly Fault[] {
  if (people === undefined) return [];
  const points = pointsOf(people);
  const faults: Fault[] = [];
  if (points.length === 0) {
    const expected = 'points, questions or both';
    faults.push({ field: 'people', got: shown(people), expected });
  }
  if (points.includes('start') && people.questions === undefined) {
    const expected = 'questions for the point start';
    faults.push({ field: 'people.questions', got: 'nothing', expected });
  }
  if (points.includes('gate') && (gate === undefined || gate === null)) {
    const expected = 'no point gate, or a debate with a gate';
    faults.push({ field: 'people.points', got: shown('gate'), expected });
  }
  for (const [point, answer] of Object.entries(people.onExpiry ?? {})) {
    if ((points as readonly string[]).includes(point)) continue;
    const expected = `nothing, or ${point} among the points`;
    faults.push({ field: `people.onExpiry.${point}`, got: shown(answer), expected });
  }
  return faults;
}
