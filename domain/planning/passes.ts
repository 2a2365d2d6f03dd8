import type { Phase, TurnTask } from '../collaboration/fact.ts';
import type { Plan } from '../collaboration/plan.ts';
import { choiceKindOf } from '../protocols/validity.ts';

/** What of a plan decides how many passes it has. */
export type Course = Pick<
  Plan,
  'pattern' | 'protocol' | 'optionKeys' | 'rounds' | 'depth' | 'grouping' | 'synthesis'
>;

/** A pass that a plan may need. */
export interface PlannedPass {
  readonly round: number;
  readonly phase: Phase;
}

/** Lists the passes of a run that needs all its rounds, in order; an analysis has none of its own. */
export function passesOf(course: Course): readonly PlannedPass[] {
  if (course.pattern === 'analysis') return [];
  const rounds = Array.from({ length: course.rounds }, (_, index) => index + 1);
  if (course.pattern === 'debate') return rounds.flatMap((round) => debatePasses(course, round));
  const votes = rounds.map((round): PlannedPass => ({ round, phase: 'vote' }));
  return needsNomination(course) ? [{ round: 1, phase: 'nomination' }, ...votes] : votes;
}

function debatePasses({ depth }: Course, round: number): readonly PlannedPass[] {
  if (round === 1) return [{ round, phase: 'proposal' }];
  const revision: PlannedPass = { round, phase: 'revision' };
  return depth === 'split' ? [{ round, phase: 'critique' }, revision] : [revision];
}

function needsNomination({ protocol, optionKeys }: Course): boolean {
  return choiceKindOf(protocol) !== 'single' && optionKeys.length === 0;
}

/** Lists what the chair is asked for, in order: in an analysis around its parts, elsewhere after the last pass. */
export function chairTasksOf(course: Course): readonly TurnTask[] {
  if (course.pattern === 'analysis') return ['decomposition', 'synthesis'];
  const tasks: TurnTask[] = [];
  if (course.grouping === 'model' && course.optionKeys.length === 0 && !needsNomination(course)) {
    tasks.push('grouping');
  }
  if (course.protocol.kind === 'judge') tasks.push('judgement');
  if (course.synthesis) tasks.push('synthesis');
  return tasks;
}
