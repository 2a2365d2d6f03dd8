import { setHandler } from '@temporalio/workflow';

import type { Fact } from '../domain/collaboration/fact.ts';
import { parentSteeredSignal, type ParentStanding } from './messages.ts';
import { recordCaused, type Run } from './run.ts';

/** Has a part follow its analysis: it pauses, goes on and ends with it. Any other run is never told such a thing. */
export function heedParent(run: Run): void {
  let heeding: Promise<void> = Promise.resolve();
  setHandler(parentSteeredSignal, async (standing) => {
    // One after the other: a second one that was compared with the state before the first would be lost.
    heeding = heeding.then(() => follow(run, standing));
    await heeding;
  });
}

async function follow(run: Run, standing: ParentStanding): Promise<void> {
  for (const fact of factsFrom(run, standing)) {
    const what = fact.type.slice(fact.type.indexOf('.') + 1);
    await recordCaused(run, `parent-${String(standing.at)}-${what}`, fact);
  }
}

/** What the analysis has that the part has not. */
function factsFrom({ state, input }: Run, standing: ParentStanding): readonly Fact[] {
  const by = `/collaborations/${input.plan.parent?.collaborationId ?? ''}`;
  const { isPaused, cancelled, isClosing, isDeadlinePassed } = standing;
  const facts: (Fact | null)[] = [
    isDeadlinePassed && !state.isDeadlinePassed ? { type: 'deadline.passed' } : null,
    isClosing && state.closing !== 'run' ? { type: 'closing.requested', by, scope: 'run' } : null,
    cancelled !== null && state.cancelled === null
      ? { type: 'collaboration.cancelled', by, reason: cancelled.reason }
      : null,
    pauseFrom(isPaused, state.isPaused, by),
  ];
  return facts.filter((fact) => fact !== null);
}

function pauseFrom(isPaused: boolean, isItself: boolean, by: string): Fact | null {
  if (isPaused === isItself) return null;
  return { type: isPaused ? 'collaboration.paused' : 'collaboration.resumed', by };
}
