import { activityInfo } from '@temporalio/activity';

import type { PartContent } from '../domain/analysis/analysis-terms.ts';
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
import { partContent, type PartContentDeps } from './part-ends.ts';

/** What recording needs. */
export interface RecordFactsDeps extends LongTextDeps, PartContentDeps {
  readonly turns: Pick<TurnStore, 'recordFacts'>;
  readonly ledger: Pick<LedgerStore, 'readUpTo'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes the activity that appends a workflow's own facts to the ledger. */
export function createRecordFacts(deps: RecordFactsDeps): Activities['recordFacts'] {
  return async (input) => {
    const isWorded = input.facts.some(({ fact }) => wordedTypes.includes(fact.type));
    const result = await deps.turns.recordFacts({
      ...input,
      ...(isWorded ? { facts: await withWords(deps, input, input.facts) } : {}),
      time: new Date(deps.now()).toISOString(),
      source: `/workflows/${activityInfo().workflowExecution?.workflowId ?? 'none'}`,
    });
    return result.kind === 'recorded' ? null : result;
  };
}

type WordedFact = DecidedFact & { readonly content?: RequestedContent | PartContent };

/** Facts whose words nobody but the ledger has. */
const wordedTypes: readonly Fact['type'][] = ['approval.requested', 'part.ended'];

/**
 * A workflow knows keys alone: what people are asked, and what a part came to, is put into words here, from the ledger and
 * from what the part sealed.
 */
async function withWords(
  deps: RecordFactsDeps,
  run: RunKey,
  facts: readonly DecidedFact[],
): Promise<readonly WordedFact[]> {
  const isAsking = facts.some(({ fact }) => fact.type === 'approval.requested');
  const source = isAsking ? await questionSource(deps, run, facts) : undefined;
  const contentOf = async (fact: Fact): Promise<Pick<WordedFact, 'content'>> => {
    if (fact.type === 'approval.requested' && source !== undefined) {
      return { content: { question: approvalQuestion(fact, source) } };
    }
    if (fact.type !== 'part.ended') return {};
    const { tenantId, collaborationId } = run;
    return { content: await partContent(deps, tenantId, { collaborationId, part: fact.part }) };
  };
  return await Promise.all(
    facts.map(async ({ id, fact }) => ({ id, fact, ...(await contentOf(fact)) })),
  );
}

/** Reads the whole run, as it stands after these facts: a question to people may tell of all that was said. */
async function questionSource(
  deps: RecordFactsDeps,
  { tenantId, collaborationId: stream }: RunKey,
  facts: readonly DecidedFact[],
): Promise<Parameters<typeof approvalQuestion>[1]> {
  const events = await deps.ledger.readUpTo({ tenantId, stream });
  const run = readRun(events, await longTexts(deps, tenantId, events));
  return {
    state: facts.reduce((state, { fact }) => evolveRun(state, fact), run.state),
    wordsOf: (key) => run.wordsOf(key),
    writtenUp: writtenUp(run),
  };
}
