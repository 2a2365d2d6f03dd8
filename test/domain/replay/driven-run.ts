import type { SealedRecord } from '../../../domain/collaboration/decision.ts';
import type { Fact, FactOf, TurnFact, TurnRef } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { buildRecord } from '../../../domain/ledger/record.ts';
import { machines } from '../../../domain/machines.ts';
import { recordedRun, type RecordedRun } from '../../../domain/replay/recorded-run.ts';
import { aCost, drive, type Interruptions, type Panel } from '../../support/drive.ts';
import { chained, noLongTexts, said, sha256 } from '../ledger/sample-run.ts';

/** A run with its ledger and its record. */
export interface DrivenRun {
  readonly facts: readonly Fact[];
  readonly events: readonly LedgerEvent[];
  readonly record: SealedRecord;
  readonly recorded: RecordedRun;
}

/** Words of an answer's key in these runs. */
export function wordsOf(key: string): string {
  return `words of ${key}`;
}

/** Chains facts as a ledger does, with words for every key. */
export function ledgerOf(facts: readonly Fact[]): LedgerEvent[] {
  return chained(facts.map((fact) => ({ fact, content: contentOf(fact) })));
}

/** What the event of a fact carries beside it in these runs. */
export function contentOf(fact: Fact): unknown {
  if (fact.type === 'collaboration.opened') {
    const options = fact.plan.optionKeys.map(wordsOf);
    return { question: 'Which one?', options, materials: [], personas: {} };
  }
  if (fact.type === 'message.added') return { text: 'Mind the licence.' };
  if (fact.type === 'approval.requested') return { question: `What about ${fact.approval}?` };
  if (fact.type === 'approval.answered') return wordsOfAnswer(fact);
  if (!('turn' in fact) || fact.type === 'turn.refused') return undefined;
  if (!('choice' in fact) || fact.choice.kind === 'abstain') return said('');
  const { choice } = fact;
  const keys = choice.kind === 'single' ? [choice.option] : choice.options;
  const labels = Object.fromEntries(keys.map((key) => [key, wordsOf(key)]));
  return said(keys.map(wordsOf).join('\n'), { labels });
}

function wordsOfAnswer({ textId, commentId }: FactOf<'approval.answered'>): unknown {
  const words = {
    ...(textId === undefined ? {} : { text: `text of ${textId}` }),
    ...(commentId === undefined ? {} : { comment: `comment of ${commentId}` }),
  };
  return Object.keys(words).length === 0 ? undefined : words;
}

/** Seals a ledger with a key that nobody has. */
export function recordFor(events: readonly LedgerEvent[]): SealedRecord {
  const identity = {
    tenantId: 'local',
    collaborationId: events[0]?.stream ?? '',
    sealedAt: events.find(({ type }) => type === 'conclave.decision.reached.v1')?.time ?? '',
    keyId: '0123456789abcdef',
    publicKey: 'AA==',
  };
  const source = { events, resolve: noLongTexts };
  return { ...buildRecord(source, identity, sha256), signature: 'AA==' };
}

/** Records facts as a run that has ended. */
export function recordedAs(facts: readonly Fact[]): DrivenRun {
  const events = ledgerOf(facts);
  return { facts, events, record: recordFor(events), recorded: recordedRun(events, noLongTexts) };
}

/** Drives a plan to its end and records it. */
export function runOf(
  plan: Plan,
  panel: Panel,
  options: {
    interruptions?: Interruptions;
    order?: (turns: readonly TurnRef[]) => readonly TurnRef[];
  } = {},
): DrivenRun {
  return recordedAs(drive(machines[plan.pattern], plan, panel, options).facts);
}

/** A ranking of options, or a set of approved ones. */
export function ballot(
  turn: TurnRef,
  kind: 'rank' | 'approve',
  options: readonly string[],
): TurnFact {
  const choice = { kind, options };
  return {
    type: 'position.submitted',
    ...turn,
    choice,
    confidence: null,
    citing: null,
    ...aCost,
  };
}

/** A position for one answer with other fields than usual. */
export function positionWith(
  turn: TurnRef,
  option: string,
  fields: Partial<FactOf<'position.submitted'>>,
): TurnFact {
  const choice = { kind: 'single' as const, option };
  return {
    type: 'position.submitted',
    ...turn,
    choice,
    confidence: 0.8,
    citing: null,
    ...aCost,
    ...fields,
  };
}

/** A declared abstention. */
export function abstaining(turn: TurnRef): TurnFact {
  return positionWith(turn, '', { choice: { kind: 'abstain', reason: 'unsure' } });
}
