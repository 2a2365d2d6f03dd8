import { activityInfo } from '@temporalio/activity';

import type { Fact } from '../domain/collaboration/fact.ts';
import { evolveRun } from '../domain/collaboration/run-state.ts';
import { approvalQuestion, type RequestedContent } from '../domain/ledger/approval-words.ts';
import { writtenUp } from '../domain/ledger/decision-reading.ts';
import { readRun } from '../domain/ledger/run-reading.ts';
import type { LedgerStore } from '../infra/stores/ledger-store.ts';
import type { TurnStore } from '../infra/stores/turn-store.ts';
import type { Activities, DecidedFact } from './activities.ts';
import type { RunKey } from './case-files.ts';
import { longTexts, type LongTextDeps } from './long-text.ts';

/** What recording needs. */
export interface RecordFactsDeps extends LongTextDeps {
  readonly turns: Pick<TurnStore, 'recordFacts'>;
  readonly ledger: Pick<LedgerStore, 'readUpTo'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes the activity that appends a workflow's own facts to the ledger. */
export function createRecordFacts(deps: RecordFactsDeps): Activities['recordFacts'] {
  return async (input) => {
    const isAsking = input.facts.some(({ fact }) => fact.type === 'approval.requested');
    const result = await deps.turns.recordFacts({
      ...input,
      ...(isAsking ? { facts: await withQuestions(deps, input, input.facts) } : {}),
      time: new Date(deps.now()).toISOString(),
      source: `/workflows/${activityInfo().workflowExecution?.workflowId ?? 'none'}`,
    });
    return result.kind === 'recorded' ? null : result;
  };
}

type WordedFact = DecidedFact & { readonly content?: RequestedContent };

/** A workflow knows keys alone: what people are asked is put into words here, from the ledger. */
async function withQuestions(
  deps: RecordFactsDeps,
  { tenantId, collaborationId: stream }: RunKey,
  facts: readonly DecidedFact[],
): Promise<readonly WordedFact[]> {
  const events = await deps.ledger.readUpTo({ tenantId, stream });
  const run = readRun(events, await longTexts(deps, tenantId, events));
  const source = {
    state: facts.reduce((state, { fact }) => evolveRun(state, fact), run.state),
    wordsOf: (key: string) => run.wordsOf(key),
    writtenUp: writtenUp(run),
  };
  const contentOf = (fact: Fact): Pick<WordedFact, 'content'> =>
    fact.type === 'approval.requested'
      ? { content: { question: approvalQuestion(fact, source) } }
      : {};
  return facts.map(({ id, fact }) => ({ id, fact, ...contentOf(fact) }));
}
