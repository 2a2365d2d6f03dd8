import type {
  ParentRef,
  Part,
  PartEnd,
  PartEnding,
  PartState,
} from '../domain/analysis/analysis-terms.ts';
import { idOfPart } from '../domain/analysis/part-plan.ts';
import type { Decision, SealedRecord } from '../domain/collaboration/decision.ts';
import type { Phase } from '../domain/collaboration/fact.ts';
import type { Origin, Plan } from '../domain/collaboration/plan.ts';
import type { RunState } from '../domain/collaboration/run-state.ts';
import type { Estimate } from '../domain/collaboration/request.ts';
import { stateOf } from '../domain/ledger/run-reading.ts';
import type {
  BudgetState,
  Collaboration,
  CollaborationStatus,
  CollaborationSummary,
  DecisionSummary,
} from '../infra/stores/collaboration-store.ts';
import type { ApiDeps } from './ports.ts';

/** Paths by what they lead to. */
export type Links = Readonly<Record<string, string>>;

/** How far a run is. */
export interface Progress {
  readonly round: number;
  readonly rounds: number;
  readonly phase: Phase | null;
  readonly turns: number;
  readonly events: number;
  /** Of an analysis only; none before its question was cut. */
  readonly parts?: readonly PartProgress[];
}

/** Where a part of an analysis stands. */
export interface PartProgress extends Part {
  readonly state: PartState['state'];
  /** The part's own run; null before it was opened, and where it could not be planned. */
  readonly collaboration: string | null;
  readonly ending: PartEnding | null;
  readonly reason: PartEnd['reason'];
}

/** A collaboration as the API shows it. */
export interface CollaborationView {
  readonly id: string;
  readonly pattern: string;
  readonly status: CollaborationStatus;
  readonly simulated: boolean;
  readonly question: string;
  readonly options: readonly string[];
  readonly plan: Plan;
  readonly estimate: EstimateView;
  readonly progress: Progress;
  readonly budget: object;
  readonly decision: Decision | null;
  readonly origin: OriginView | null;
  readonly parent: ParentView | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly links: Links;
}

/** Where a fork comes from. */
export type OriginView = Origin & { readonly links: Links };

/** Of which analysis a run is a part. */
export type ParentView = ParentRef & { readonly links: Links };

/** An estimate with dollars beside the exact micro-dollars. */
export interface EstimateView extends Estimate {
  readonly usd: number | null;
}

const MICROS_PER_USD = 1_000_000;

/** Gives the paths of a collaboration. */
export function linksOf(id: string): Links {
  const self = `/v1/collaborations/${id}`;
  const parts = [
    'events',
    'decision',
    'record',
    'transcript',
    'state',
    'replays',
    'comparison',
    'forks',
    'resolution',
  ];
  const steering = ['pause', 'resume', 'cancel', 'close', 'messages', 'participants', 'budget'];
  return {
    self,
    ...Object.fromEntries([...parts, ...steering].map((part) => [part, `${self}/${part}`])),
  };
}

/** Shows an estimate. */
export function estimateView(estimate: Estimate): EstimateView {
  const usd = estimate.microsUsd === null ? null : estimate.microsUsd / MICROS_PER_USD;
  return { ...estimate, usd };
}

/** Shows what a start has begun. */
export function acceptedView(
  run: Pick<Collaboration, 'status' | 'plan' | 'estimate'> & { id: string },
): {
  id: string;
  status: CollaborationStatus;
  plan: Plan;
  estimate: EstimateView;
  simulated: boolean;
  links: Links;
} {
  return {
    id: run.id,
    status: run.status,
    plan: run.plan,
    estimate: estimateView(run.estimate),
    simulated: isSimulated(run.plan),
    links: linksOfRun({ collaborationId: run.id, pattern: run.plan.pattern }),
  };
}

/** Shows an entry of a list. */
export function summaryView(row: CollaborationSummary): {
  id: string;
  status: CollaborationStatus;
  simulated: boolean;
  question: string;
  decision: DecisionSummary | null;
  parent: ParentView | null;
  links: Links;
} {
  const { collaborationId, ...rest } = row;
  return {
    id: collaborationId,
    ...rest,
    simulated: row.decision?.simulated ?? row.simulated,
    status: row.status,
    parent: parentView(row),
    links: linksOfRun(row),
  };
}

/** Shows a collaboration in full; reads its ledger to see how far it is and, once it is sealed, its record. */
export async function collaborationView(
  deps: Pick<ApiDeps, 'ledger' | 'artifacts'>,
  tenantId: string,
  row: Collaboration,
): Promise<CollaborationView> {
  const request = row.request as { question: string; options?: readonly string[] };
  const [progress, decision] = await Promise.all([
    progressOf(deps, tenantId, row),
    readDecision(deps, tenantId, row),
  ]);
  return {
    id: row.collaborationId,
    pattern: row.pattern,
    status: row.status,
    // Of an ended run the decision knows who did answer: a fallback or a late participant may be simulated.
    simulated: decision?.simulated ?? isSimulated(row.plan),
    question: request.question,
    options: request.options ?? [],
    plan: row.plan,
    estimate: estimateView(row.estimate),
    progress,
    budget: budgetView(row.budget),
    decision,
    origin: originView(row.plan),
    parent: parentView(row),
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    links: linksOfRun(row),
  };
}

function linksOfRun({
  collaborationId: id,
  pattern,
}: Pick<CollaborationSummary, 'collaborationId' | 'pattern'>): Links {
  const links = linksOf(id);
  return pattern === 'analysis' ? { ...links, parts: partsPath(id) } : links;
}

function partsPath(id: string): string {
  return `/v1/collaborations?parent=${id}`;
}

function parentView({ parent }: Pick<CollaborationSummary, 'parent'>): ParentView | null {
  if (parent === undefined) return null;
  const self = linksOf(parent.collaborationId)['self'] ?? '';
  return { ...parent, links: { self, parts: partsPath(parent.collaborationId) } };
}

function originView({ origin }: Plan): OriginView | null {
  if (origin === undefined) return null;
  const self = linksOf(origin.collaborationId)['self'] ?? '';
  const state = `${self}/state?seq=${String(origin.seq)}`;
  return { ...origin, links: { self, state } };
}

/** Whether any seat is simulated, and so whatever comes out. */
export function isSimulated(plan: Plan): boolean {
  return plan.chair.simulated || plan.seats.some((seat) => seat.simulated);
}

/**
 * Reads the decision of a run out of its sealed record.
 *
 * @returns `null` before the seal
 */
export async function readDecision(
  deps: Pick<ApiDeps, 'artifacts'>,
  tenantId: string,
  row: Pick<Collaboration, 'recordSha256'>,
): Promise<Decision | null> {
  return (await readRecord(deps, tenantId, row))?.decision ?? null;
}

/**
 * Reads the sealed record of a run.
 *
 * @returns `null` before the seal
 */
export async function readRecord(
  deps: Pick<ApiDeps, 'artifacts'>,
  tenantId: string,
  row: Pick<Collaboration, 'recordSha256'>,
): Promise<SealedRecord | null> {
  if (row.recordSha256 === null) return null;
  const artifact = await deps.artifacts.get(tenantId, row.recordSha256);
  if (artifact === undefined) throw new Error(`record ${row.recordSha256}: not in the store`);
  return JSON.parse(Buffer.from(artifact.bytes).toString('utf8')) as SealedRecord;
}

/** Shows where a budget stands. */
export function budgetView(budget: BudgetState): object {
  const amounts = (amount: { tokens: number; microsUsd: number }): object => ({
    ...amount,
    usd: amount.microsUsd / MICROS_PER_USD,
  });
  return {
    limits: budget.limits,
    reserved: amounts(budget.reserved),
    settled: amounts(budget.settled),
  };
}

async function progressOf(
  deps: Pick<ApiDeps, 'ledger'>,
  tenantId: string,
  row: Collaboration,
): Promise<Progress> {
  const events = await deps.ledger.readUpTo({ tenantId, stream: row.collaborationId });
  const state = stateOf(events);
  return {
    round: state.round,
    rounds: row.plan.rounds,
    phase: state.pass?.phase ?? null,
    turns: Object.keys(state.turns).length,
    events: events.length,
    ...(row.pattern === 'analysis' ? { parts: partsProgress(row.collaborationId, state) } : {}),
  };
}

function partsProgress(id: string, { parts = {} }: RunState): readonly PartProgress[] {
  return Object.values(parts).map(({ part, kind, after, state, budget, end }) => ({
    part,
    kind,
    after,
    state,
    // One that was refused has no run, though it had a share of the budget.
    collaboration:
      budget === null || end?.ending === 'refused' ? null : idOfPart({ collaborationId: id, part }),
    ending: end?.ending ?? null,
    reason: end?.reason ?? null,
  }));
}
