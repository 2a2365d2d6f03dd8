import { isDeepStrictEqual } from 'node:util';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import type { SealedRecord } from '../../../domain/collaboration/decision.ts';
import type { Fact } from '../../../domain/collaboration/fact.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import { factOf, type LedgerEvent } from '../../../domain/ledger/event.ts';
import { textsWithin, verifyRecord } from '../../../domain/ledger/verification.ts';
import { foldRun } from '../../../domain/machines.ts';
import { totalTokens } from '../../../domain/providers/usage.ts';
import { recordedRun } from '../../../domain/replay/recorded-run.ts';
import { replay } from '../../../domain/replay/replay.ts';
import { whatIf } from '../../../domain/replay/what-if.ts';
import { asJson } from '../../support/as-json.ts';
import type { House, Shown, WorkflowEvidence } from './house.ts';

/** What of an event's content a history may name; all else is somebody's words, and has no place in it. */
const unworded = [
  'agent',
  'model',
  'finish',
  'unrepaired',
  'promptSha256',
  'collaboration',
  'record',
  'transcript',
  'keyId',
  'signature',
];

/** A shorter one may be part of anything. */
const wordsMin = 4;

/** Everything that is wrong with a run that has ended; empty when all the promises of a run hold. */
export async function brokenPromises(house: House, shown: Shown): Promise<readonly string[]> {
  const { id, pattern } = shown;
  const events = await house.events(id);
  const record = (await house.call<SealedRecord>(`/v1/collaborations/${id}/record`)).body;
  const transcript = (await house.call<string>(`/v1/collaborations/${id}/transcript`)).body;
  const facts = events.map(factOf).filter((fact) => fact !== undefined);
  const folded = foldRun(facts);
  const workflow = await house.workflowOf(pattern, id);
  const findings = verifyRecord({ record, events }, cryptography);
  return [
    ...findings.filter(({ ok }) => !ok).map(({ message }) => message),
    ...(isDeepStrictEqual(asJson(folded), asJson(workflow.state))
      ? []
      : ['the fold is not the state']),
    ...(folded.verdict?.stoppedBy === undefined ? ['no stated reason'] : []),
    ...(isDeepStrictEqual(shown.decision, record.decision) ? [] : ['two decisions']),
    ...accountFaults(shown, facts),
    ...replayFaults(record, events),
    ...markFaults(shown, { isSimulated: isSimulated(folded, events), record, transcript }),
    ...historyFaults(folded, events, workflow),
  ];
}

/** The machine decides again what it decided, and a what-if without changes comes to the same; an analysis takes none. */
function replayFaults(record: SealedRecord, events: readonly LedgerEvent[]): readonly string[] {
  const resolve = textsWithin(record, cryptography.sha256);
  const replayed = replay({ record, events, resolve }, cryptography.sha256);
  const same = whatIf(recordedRun(events, resolve), {});
  const isSame =
    record.pattern === 'analysis'
      ? same.kind === 'refused'
      : same.kind === 'answered' && isDeepStrictEqual(asJson(same.decision), record.decision);
  return [
    ...(replayed.kind === 'equal' ? [] : [replayed.difference.message]),
    ...(isSame ? [] : [`unchanged, it comes to ${JSON.stringify(same)}`]),
  ];
}

/** Nothing is held any more, and what was paid is what the facts say. */
function accountFaults({ budget }: Shown, facts: readonly Fact[]): readonly string[] {
  const { reserved, settled } = budget;
  const paid = facts.flatMap((fact) => ('usage' in fact ? [fact] : []));
  const tokens = paid.map(({ usage, charged }) => charged?.tokens ?? totalTokens(usage) ?? 0);
  const micros = paid.map(({ microsUsd, charged }) => charged?.microsUsd ?? microsUsd ?? 0);
  const lost = facts.flatMap((fact) => ('lost' in fact ? [fact.lost] : []));
  const expected = {
    tokens: sum([...tokens, ...lost.map((calls) => calls.tokens)]),
    microsUsd: sum([...micros, ...lost.map(({ microsUsd }) => microsUsd)]),
  };
  return [
    ...(reserved.tokens + reserved.microsUsd === 0 ? [] : ['something is still reserved']),
    ...(settled.tokens === expected.tokens && settled.microsUsd === expected.microsUsd
      ? []
      : [`settled ${JSON.stringify(settled)}, the facts say ${JSON.stringify(expected)}`]),
  ];
}

/** Whatever simulated agents took part in is marked so, everywhere. */
function markFaults(
  shown: Shown,
  made: {
    readonly isSimulated: boolean;
    readonly record: SealedRecord;
    readonly transcript: string;
  },
): readonly string[] {
  const { record, transcript } = made;
  const marks = {
    collaboration: shown.simulated,
    decision: shown.decision?.simulated,
    record: record.decision.simulated,
    participants: record.participants.some(({ simulated }) => simulated),
    transcript: transcript.includes('## Decision [simulated]'),
  };
  return Object.entries(marks).flatMap(([where, mark]) =>
    mark === made.isSimulated ? [] : [`simulated is ${String(mark)} in the ${where}`],
  );
}

/** Whether a simulated agent had a seat, or answered for another. */
function isSimulated(state: RunState, events: readonly LedgerEvent[]): boolean {
  const contents = events.map(({ data }) => data['content'] as { simulated?: boolean } | null);
  return (
    state.seats.some(({ simulated }) => simulated) ||
    contents.some((content) => content?.simulated === true)
  );
}

function historyFaults(
  state: RunState,
  events: readonly LedgerEvent[],
  { history }: WorkflowEvidence,
): readonly string[] {
  const said = new Set(events.flatMap(({ data }) => wordsOf(data['content'])));
  return [
    // Without this a history that cannot be read would pass for one without words.
    ...(history.includes(state.plan.seed) ? [] : ['the history was not read']),
    ...[...said].filter((words) => history.includes(words)).map((words) => `in it: ${words}`),
  ];
}

function wordsOf(content: unknown): readonly string[] {
  if (typeof content !== 'object' || content === null) return [];
  return Object.entries(content)
    .filter(([name]) => !unworded.includes(name))
    .flatMap(([, value]) => textsIn(value))
    .filter((text) => text.length >= wordsMin);
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
