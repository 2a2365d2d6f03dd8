import type { Fact } from '../collaboration/fact.ts';
import type { Plan } from '../collaboration/plan.ts';
import { openingFacts } from '../machines.ts';
import { eventOf, type NewEvent, type OpenedContent } from './event.ts';

/** Where a run begins, and with which words. */
export interface Opening {
  readonly collaborationId: string;
  /** Who opened it, as a path: `/api`, or the analysis whose part it is. */
  readonly source: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  /** All words of the request. */
  readonly content: OpenedContent;
  /** The words of what is asked with it; undefined for a fact without any. */
  readonly contentOf?: (fact: Fact) => object | undefined;
}

/** Makes a run's first events: its opening with all words, and what its machine decides at once. */
export function openingEvents(plan: Plan, opening: Opening): readonly NewEvent[] {
  const { collaborationId, source, time, content, contentOf } = opening;
  return openingFacts(plan).map((fact, index) =>
    eventOf(fact, {
      id: index === 0 ? `${collaborationId}/opened` : `${collaborationId}/opened-${String(index)}`,
      source,
      subject: collaborationId,
      time,
      content: index === 0 ? content : contentOf?.(fact),
    }),
  );
}
