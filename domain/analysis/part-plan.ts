import type { BudgetLimits } from '../collaboration/plan.ts';
import type { CollaborationRequest } from '../collaboration/request.ts';
import type { RunReading } from '../ledger/run-reading.ts';
import { makePlan, type PlanContext, type Planned } from '../planning/plan.ts';
import type { Agent } from '../providers/agent.ts';
import type { ParentRef } from './analysis-terms.ts';
import type { PartBrief } from './part-request.ts';

/** Names the collaboration that works on a part. */
export function idOfPart({ collaborationId, part }: ParentRef): string {
  return `${collaborationId}-${part}`;
}

/**
 * Reads what the request of a part is made from out of the analysis.
 *
 * @param run - the analysis, in which the part was proposed and all that it needs has ended
 * @param name - which part, for instance `p2`
 * @param budget - its share
 * @throws Error when there is no such part, which only a bug can cause
 */
export function briefOfPart(run: RunReading, name: string, budget: BudgetLimits): PartBrief {
  const part = run.parts.find((one) => one.part === name);
  if (part === undefined) throw new Error(`part: got ${name}, expected one that was proposed`);
  const { question, materials, personas } = run.opened;
  return {
    plan: run.state.plan,
    whole: { question: run.textOf(question), materials, personas },
    part,
    question: part.question,
    needed: part.after.flatMap((needed) => run.parts.filter((one) => one.part === needed)),
    budget,
  };
}

/**
 * Plans a part as any other collaboration; its plan says what it is a part of.
 *
 * @param planned - the three things that every plan is made from
 * @param planned.request - from `partRequest`
 * @param planned.panel - all agents of the tenant
 * @param planned.context - what else the plan depends on; the request names its seed
 * @param parent - what it is a part of
 */
export function planOfPart(
  planned: {
    readonly request: CollaborationRequest;
    readonly panel: readonly Agent[];
    readonly context: PlanContext;
  },
  parent: ParentRef,
): Planned {
  const { request, panel, context } = planned;
  const made = makePlan(request, panel, context);
  return made.ok ? { ...made, plan: { ...made.plan, parent } } : made;
}
