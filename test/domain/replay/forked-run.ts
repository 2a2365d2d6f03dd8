import type { Fact } from '../../../domain/collaboration/fact.ts';
import { emptyHead, sealEvents } from '../../../domain/ledger/chain.ts';
import { eventOf, factOf, type LedgerEvent, type NewEvent } from '../../../domain/ledger/event.ts';
import { machines } from '../../../domain/machines.ts';
import type { ForkAsked } from '../../../domain/replay/fork-schema.ts';
import { forkOf, type Fork } from '../../../domain/replay/fork.ts';
import { recordedRun } from '../../../domain/replay/recorded-run.ts';
import type { Price } from '../../../domain/providers/agent.ts';
import { drive, type Panel } from '../../support/drive.ts';
import { noLongTexts, sha256 } from '../ledger/sample-run.ts';
import { contentOf, recordFor, type DrivenRun } from './driven-run.ts';

/** The stream of every fork of these tests. */
export const forkStream = 'c_fork';

/** One micro-dollar for a token, in and out. */
export const price: Price = {
  inputMicrosUsdPerMillion: 1_000_000,
  cachedMicrosUsdPerMillion: 1_000_000,
  outputMicrosUsdPerMillion: 1_000_000,
  asOf: '2026-11-21',
};

/** A fork that may begin. */
export type Forked = Extract<Fork, { ok: true }>;

/** Asks for a fork of a run whose agents a1 to a5 cost a dollar for a million tokens. */
export function askFork(
  events: readonly LedgerEvent[],
  asked: ForkAsked,
  collaborationId = forkStream,
): Fork {
  const prices = Object.fromEntries([1, 2, 3, 4, 5].map((number) => [`a${number}`, price]));
  const time = '2026-11-22T09:00:00.000Z';
  return forkOf(events, asked, { collaborationId, time, by: '/users/ann', prices });
}

/** Forks a run that can be forked so. */
export function fork(
  events: readonly LedgerEvent[],
  asked: ForkAsked = {},
  collaborationId = forkStream,
): Forked {
  const result = askFork(events, asked, collaborationId);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result;
}

/** The facts with which a fork begins. */
export function factsOfFork({ events }: Pick<Forked, 'events'>): readonly Fact[] {
  return events.flatMap((event) => factOf(event) ?? []);
}

/** Chains events as the ledger of a run. */
export function chainOf(events: readonly NewEvent[], stream = forkStream): LedgerEvent[] {
  return sealEvents(events, { stream, head: emptyHead }, sha256);
}

/** Drives a fork to its end, and records it; `begun` are its facts after the opening as far as they are there already. */
export function driveOn(
  forked: Forked,
  panel: Panel,
  stream = forkStream,
  begun = factsOfFork(forked).slice(1),
): DrivenRun & { readonly asked: readonly string[] } {
  const { facts, asked } = drive(machines[forked.plan.pattern], forked.plan, panel, { begun });
  const added = facts.slice(forked.events.length).map((fact, index) =>
    eventOf(fact, {
      id: `${stream}/new-${index}`,
      source: `/collaborations/${stream}`,
      subject: stream,
      time: '2026-11-22T09:00:01.000Z',
      content: contentOf(fact),
    }),
  );
  const events = chainOf([...forked.events, ...added], stream);
  const recorded = recordedRun(events, noLongTexts);
  return { facts, asked, events, record: recordFor(events), recorded };
}
