import {
  defineSearchAttributeKey,
  SearchAttributeType,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import {
  ActivityFailure,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';

import type { OpenedPart, PartRef } from '../activities/activities.ts';
import type { PartEnd } from '../domain/analysis/analysis-terms.ts';
import type { RunState } from '../domain/collaboration/run-state.ts';
import { awaitPart, openPart, readEndedPart } from './activity-proxies.ts';
import { childSummaryOf, partNameOf } from './details.ts';
import { parentSteeredSignal, type ParentStanding } from './messages.ts';
import type { Outcome } from './outcome.ts';
import { recordCaused, type CollaborationInput, type Run } from './run.ts';

const tenantKey = defineSearchAttributeKey('TenantId', SearchAttributeType.KEYWORD);
const patternKey = defineSearchAttributeKey('Pattern', SearchAttributeType.KEYWORD);
const statusKey = defineSearchAttributeKey('Status', SearchAttributeType.KEYWORD);

/** Has these parts under way, each as a workflow of its own, and tells those that run how the analysis stands now. */
export function attendParts(run: Run, parts: readonly string[]): void {
  for (const part of parts) {
    if (!run.parts.has(part)) begin(run, part);
  }
  tellParts(run);
}

function begin(run: Run, part: string): void {
  const done = runPart(run, part).finally(() => run.parts.delete(part));
  run.parts.set(part, { workflowId: null, told: toldOf(untouched), done });
}

/** How often a part is waited for that no try has seen end; each time takes months. */
const waitsMax = 10;

/** Opens a part, runs it, and records how it ended; whatever of this was done before is not done again. */
async function runPart(run: Run, part: string): Promise<void> {
  const { tenantId, collaborationId } = run.input;
  const ref = { tenantId, collaborationId, part };
  const name = partNameOf(run.state, part);
  const opened = await openPart.executeWithOptions({ summary: `open ${name}` }, [ref]);
  const end = opened.kind === 'ended' ? opened.end : await runOpened(run, ref, opened);
  await recordCaused(run, `part-${part}`, { type: 'part.ended', ...end });
}

async function runOpened(run: Run, ref: PartRef, opened: OpenedPart): Promise<PartEnd> {
  const summary = `end of ${partNameOf(run.state, ref.part)}`;
  const isOver = await runChild(run, ref, opened);
  let read = isOver ? readEndedPart : awaitPart;
  for (let waits = 1; ; waits += 1) {
    try {
      return await read.executeWithOptions({ summary }, [ref]);
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error) || waits === waitsMax) {
        throw error;
      }
      log.warn('a part is waited for again', { ...ref, waits });
      read = awaitPart;
    }
  }
}

/**
 * Starts the part's workflow and waits for its end. One that somebody else has started, because Temporal had forgotten
 * it, cannot be waited for here.
 *
 * @returns whether it has come to its end
 */
async function runChild(
  run: Run,
  { tenantId, part }: PartRef,
  opened: OpenedPart,
): Promise<boolean> {
  const { collaborationId, plan, resumed } = opened;
  const workflowId = `${plan.pattern}/${collaborationId}`;
  const input = { tenantId, collaborationId, plan, ...(resumed && { resumed }) };
  const child = await started(workflowId, input, childSummaryOf(run.state, part, plan));
  const attended = run.parts.get(part);
  if (attended !== undefined) {
    attended.workflowId = workflowId;
    if (attended.told !== null) attended.told = toldOf(heardBy(opened));
  }
  tellParts(run);
  return child !== null && (await isEnded(child));
}

type Child = ChildWorkflowHandle<(input: CollaborationInput) => Promise<Outcome>>;

async function started(
  workflowId: string,
  input: CollaborationInput,
  staticSummary: string,
): Promise<Child | null> {
  const { pattern } = input.plan;
  try {
    return await startChild<(input: CollaborationInput) => Promise<Outcome>>(pattern, {
      workflowId,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowTaskTimeout: workflowInfo().taskTimeoutMs,
      // A part is told to end by its analysis, and settles its accounts first, as any run does.
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary,
      typedSearchAttributes: [
        { key: tenantKey, value: input.tenantId },
        { key: patternKey, value: pattern },
        { key: statusKey, value: 'running' },
      ],
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}

async function isEnded(child: Child): Promise<boolean> {
  try {
    await child.result();
    return true;
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    log.warn('a part broke', { workflowId: child.workflowId });
    return false;
  }
}

/** How an analysis stands that nobody has steered. */
const untouched: Omit<ParentStanding, 'at'> = {
  isPaused: false,
  cancelled: null,
  isClosing: false,
  isDeadlinePassed: false,
};

function standingOf({
  isPaused,
  cancelled,
  closing,
  isDeadlinePassed,
}: RunState): typeof untouched {
  return { isPaused, cancelled, isClosing: closing === 'run', isDeadlinePassed };
}

/**
 * How the analysis stood when a part that had begun before was told last, by the part's own ledger: who paused it matters,
 * for a part that was paused by itself does not go on with its analysis.
 */
function heardBy({ resumed, isPausedByAnalysis }: OpenedPart): typeof untouched {
  if (resumed === undefined || isPausedByAnalysis === undefined) return untouched;
  return { ...standingOf(resumed.state), isPaused: isPausedByAnalysis };
}

function toldOf(standing: typeof untouched): string {
  return JSON.stringify(standing);
}

function tellParts(run: Run): void {
  const standing = standingOf(run.state);
  const told = toldOf(standing);
  for (const attended of run.parts.values()) {
    if (attended.workflowId === null || attended.told === told) continue;
    attended.told = told;
    tell(attended.workflowId, { at: run.known, ...standing });
  }
}

function tell(workflowId: string, standing: ParentStanding): void {
  getExternalWorkflowHandle(workflowId)
    .signal(parentSteeredSignal, standing)
    .catch((error: unknown) => {
      if (isCancellation(error)) return;
      // Nobody could be reached: it has ended meanwhile, or Temporal has forgotten it. In that case it goes on as its own
      // ledger has it, and hears of its analysis when that is steered next.
      log.info('a part could not be told how its analysis stands', { workflowId });
    });
}
