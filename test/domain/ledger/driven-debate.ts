import type { Plan } from '../../../domain/collaboration/plan.ts';
import { debate } from '../../../domain/debate/debate.ts';
import { drive, position as vote, type Panel } from '../../support/drive.ts';
import { opened, type Happening } from './sample-run.ts';

/** What a debate and a panel make of a plan, as the ledger tells it. */
export function driven(of: Plan, panel: Panel): readonly Happening[] {
  return drive(debate, of, panel).facts.map((fact) =>
    fact.type === 'collaboration.opened' ? opened(fact.plan) : { fact },
  );
}

/** A panel in which everybody chooses the first option. */
export const unanimous: Panel = (turn) => vote(turn, 'o1');
