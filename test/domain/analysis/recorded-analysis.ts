import { analysis } from '../../../domain/analysis/analysis.ts';
import type { PartContent } from '../../../domain/analysis/analysis-terms.ts';
import type { Fact } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { recordedRun, type RecordedRun } from '../../../domain/replay/recorded-run.ts';
import type { SealedRecord } from '../../../domain/collaboration/decision.ts';
import { analysisPlan, chair, partsEnding } from '../../support/analyses.ts';
import { drive, type Interruptions, type Panel, type Parts } from '../../support/drive.ts';
import { chained, noLongTexts, said, sampleStream } from '../ledger/sample-run.ts';
import { recordFor } from '../replay/driven-run.ts';

/** An analysis with its ledger. */
export interface RecordedAnalysis {
  readonly facts: readonly Fact[];
  readonly events: readonly LedgerEvent[];
}

/** How an analysis of these tests goes. */
export interface Wanted {
  readonly plan?: Partial<Plan>;
  readonly panel?: Panel;
  readonly parts?: Parts;
  readonly interruptions?: Interruptions;
}

/** Drives an analysis as far as it goes, with words for all that is said. */
export function analysed(wanted: Wanted = {}): RecordedAnalysis {
  const { plan = {}, panel = chair(), parts = partsEnding(), interruptions = {} } = wanted;
  const { facts } = drive(analysis, analysisPlan(plan), panel, { parts, interruptions });
  return { facts, events: chained(facts.map((fact) => ({ fact, content: contentOf(fact) }))) };
}

/** What an event of these analyses carries. */
export function contentOf(fact: Fact): unknown {
  if (fact.type === 'collaboration.opened') {
    return { question: 'Shall we move?', options: [], materials: [], personas: {} };
  }
  if (fact.type === 'question.decomposed') {
    return said('', { parts: fact.parts.map(({ part }) => ({ part, question: `${part}?` })) });
  }
  if (fact.type === 'synthesis.written') {
    const contradictions = (fact.contradictions ?? []).map((parts) => ({ parts, about: 'cost' }));
    return said('The whole answer.', { contradictions });
  }
  if (fact.type === 'turn.abstained') return said('');
  const hasRun = fact.type === 'part.ended' && fact.ending !== 'refused';
  return hasRun ? contentOfPart(fact.part, fact.ending) : undefined;
}

function contentOfPart(part: string, ending: string): PartContent {
  return {
    collaboration: `${sampleStream}-${part}`,
    answer: ending === 'answered' ? `Answer of ${part}.` : null,
    explanation: `how ${part} came about`,
  };
}

/** Seals an analysis that has ended. */
export function sealed(wanted: Wanted = {}): RecordedAnalysis & {
  readonly record: SealedRecord;
  readonly recorded: RecordedRun;
} {
  const run = analysed(wanted);
  const recorded = recordedRun(run.events, noLongTexts);
  return { ...run, record: recordFor(run.events), recorded };
}
