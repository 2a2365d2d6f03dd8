import { activityInfo } from '@temporalio/activity';

import type { TurnStore } from '../infra/stores/turn-store.ts';
import type { Activities } from './activities.ts';

/** What recording needs. */
export interface RecordFactsDeps {
  readonly turns: Pick<TurnStore, 'recordFacts'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes the activity that appends a workflow's own facts to the ledger. */
export function createRecordFacts(deps: RecordFactsDeps): Activities['recordFacts'] {
  return async (input) => {
    const result = await deps.turns.recordFacts({
      ...input,
      time: new Date(deps.now()).toISOString(),
      source: `/workflows/${activityInfo().workflowExecution?.workflowId ?? 'none'}`,
    });
    return result.kind === 'recorded' ? null : result;
  };
}
