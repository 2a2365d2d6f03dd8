import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { Changes } from '../../../domain/replay/changes.ts';
import { whatIf, type WhatIfResult } from '../../../domain/replay/what-if.ts';
import { aCost, position, type Panel } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';
import type { DrivenRun } from './driven-run.ts';

/** A vote of one round on two options. */
export function vote(fields: Partial<Plan> = {}): Plan {
  return planWith({ pattern: 'consensus', rounds: 1, ...fields });
}

/** Each seat answers by a table; the chair groups nothing, writes up, and judges for o1. */
export function saying(answers: Readonly<Record<string, string>>): Panel {
  return (turn) => {
    if (turn.task === 'synthesis') return { type: 'synthesis.written', ...turn, ...aCost };
    if (turn.task === 'grouping') {
      return { type: 'answers.grouped', ...turn, merges: { a2: 'a1' }, ...aCost };
    }
    if (turn.task === 'judgement') {
      const choice = { kind: 'single' as const, option: 'o1' };
      return { type: 'judgement.given', ...turn, choice, ...aCost };
    }
    if (turn.task === 'critique') return { type: 'critique.submitted', ...turn, ...aCost };
    return position(turn, answers[turn.turn] ?? answers[turn.seat] ?? 'o1');
  };
}

/** What is missing, one line each; the kind of an answer that lacks nothing. */
export function reasonsIn(result: WhatIfResult): string[] {
  return result.kind === 'unanswerable'
    ? result.missing.map((missing) =>
        'approval' in missing
          ? `${missing.approval}: ${missing.reason}`
          : `${missing.turn} (${missing.agent}): ${missing.reason}`,
      )
    : [result.kind];
}

/** The answer of a what-if that has one. */
export function answered(result: WhatIfResult): Extract<WhatIfResult, { kind: 'answered' }> {
  if (result.kind !== 'answered') throw new Error(JSON.stringify(result));
  return result;
}

/** Asks a what-if of a run. */
export function asked(run: DrivenRun, changes: Changes): WhatIfResult {
  return whatIf(run.recorded, changes);
}
