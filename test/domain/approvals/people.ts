import type { ApprovalReply, People } from '../../../domain/approvals/approval-terms.ts';
import type { Fact, FactOf } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import { machines } from '../../../domain/machines.ts';
import { drive, position, type Driven, type Panel } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';

/** Who answers in these tests. */
export const ann = '/users/ann';

/** People who are asked everywhere, in an hour, with the defaults of a plan. */
export function people(fields: Partial<People> = {}): People {
  return {
    points: ['decision'],
    questions: 0,
    expiresAfterMs: 3_600_000,
    onExpiry: { gate: 'debate', round: 'approve', decision: 'reject' },
    ...fields,
  };
}

/** A debate of two seats that asks people. */
export function asking(fields: Partial<People> = {}, more: Partial<Plan> = {}): Plan {
  return planWith({ people: people(fields), stopOnStability: false, ...more });
}

/** An answer to an approval. */
export function answerTo(
  approval: string,
  answer: ApprovalReply['answer'],
  more: Partial<FactOf<'approval.answered'>> = {},
): FactOf<'approval.answered'> {
  const said = { by: ann, choice: null, remember: false };
  return { type: 'approval.answered', approval, answer, ...said, ...more };
}

/** Everybody votes for the first option. */
export const agreed: Panel = (turn) => position(turn, 'o1');

/** Drives a plan until it rests, then folds in each fact and drives on. */
export function driveWith(plan: Plan, facts: readonly Fact[], panel: Panel = agreed): Driven {
  const machine = machines[plan.pattern];
  let run = drive(machine, plan, panel);
  for (const fact of facts) {
    const state = machine.evolve(run.state, fact);
    run = driveOn(state, [...run.facts, fact], { plan, panel });
  }
  return run;
}

function driveOn(
  from: RunState,
  before: readonly Fact[],
  { plan, panel }: { plan: Plan; panel: Panel },
): Driven {
  const machine = machines[plan.pattern];
  const resumed = { ...machine, open: () => from };
  const { state, facts, asked } = drive(resumed, plan, panel);
  return { state, facts: [...before, ...facts.slice(1)], asked };
}

/** Types and approvals of the facts about approvals, in order. */
export function approvalCourse(facts: readonly Fact[]): string[] {
  return facts.flatMap((fact) =>
    'approval' in fact ? [`${fact.type.replace('approval.', '')} ${fact.approval}`] : [],
  );
}
