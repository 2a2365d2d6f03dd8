import type { PartEnd } from '../domain/analysis/analysis-terms.ts';
import { refusedPart } from '../domain/analysis/part-end.ts';
import { briefOfPart, idOfPart, planOfPart } from '../domain/analysis/part-plan.ts';
import { partRequest } from '../domain/analysis/part-request.ts';
import type { BudgetLimits, Plan } from '../domain/collaboration/plan.ts';
import type { CollaborationRequest } from '../domain/collaboration/request.ts';
import type { MaterialRef, OpenedContent, Sha256 } from '../domain/ledger/event.ts';
import { openingEvents } from '../domain/ledger/opening.ts';
import { isPausedBy, resumptionOf } from '../domain/ledger/resumption.ts';
import { readRun, type RunReading } from '../domain/ledger/run-reading.ts';
import { openingFacts } from '../domain/machines.ts';
import { needsRecords, type KnownRecords } from '../domain/planning/calibrating.ts';
import type { Fault } from '../domain/planning/fault.ts';
import type { Planned } from '../domain/planning/plan.ts';
import type { Agent } from '../domain/providers/agent.ts';
import type { CollaborationStore } from '../infra/stores/collaboration-store.ts';
import type { LedgerStore } from '../infra/stores/ledger-store.ts';
import type { ResolutionStore } from '../infra/stores/resolution-store.ts';
import type { TurnStore } from '../infra/stores/turn-store.ts';
import type { Activities, OpenedPart, PartRef } from './activities.ts';
import {
  longTexts,
  shortOrKept,
  textMediaType,
  type LongTextDeps,
  type TextKeeper,
} from './long-text.ts';
import { endIn } from './part-ends.ts';

/** What opening a part needs of the outside. */
export interface OpenPartDeps extends LongTextDeps, TextKeeper {
  readonly collaborations: Pick<CollaborationStore, 'get' | 'create' | 'markRunning'>;
  readonly ledger: Pick<LedgerStore, 'readUpTo'>;
  readonly turns: Pick<TurnStore, 'outstandingOf'>;
  readonly resolutions: Pick<ResolutionStore, 'recordsOf'>;
  /** Gives an agent of a tenant, also one that was removed after the analysis began. */
  agentOf(tenantId: string, name: string): Promise<Agent | undefined>;
  readonly sha256: Sha256;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes the activity that plans a part and stores it as a run of its own. */
export function createOpenPart(deps: OpenPartDeps): Activities['openPart'] {
  return async (ref) => {
    const known = await openedBefore(deps, ref);
    if (known !== null) return known;
    const opening = await readOpening(deps, ref);
    const planned = await planPart(deps, ref, opening);
    if (!planned.ok) return { kind: 'ended', end: refusedEnd(ref.part, planned.faults) };
    await store(deps, ref, { ...opening, planned });
    return await opened(deps, ref, planned.plan);
  };
}

type Opened = Awaited<ReturnType<Activities['openPart']>>;

/** A part that was stored before goes on where it stands, or has ended. */
async function openedBefore(deps: OpenPartDeps, ref: PartRef): Promise<Opened | null> {
  const row = await deps.collaborations.get(ref.tenantId, idOfPart(ref));
  if (row === undefined) return null;
  const end = await endIn(deps, ref, row);
  if (end !== null) return { kind: 'ended', end };
  return await opened(deps, ref, row.plan);
}

async function opened(deps: OpenPartDeps, ref: PartRef, plan: Plan): Promise<OpenedPart> {
  const { tenantId } = ref;
  const collaborationId = idOfPart(ref);
  // Its workflow follows: nobody else need start it.
  const time = new Date(deps.now()).toISOString();
  await deps.collaborations.markRunning({ tenantId, collaborationId, time });
  const [events, outstanding] = await Promise.all([
    deps.ledger.readUpTo({ tenantId, stream: collaborationId }),
    deps.turns.outstandingOf({ tenantId, collaborationId }),
  ]);
  const hasBegun = events.length > openingFacts(plan).length || outstanding.length > 0;
  return {
    kind: 'opened',
    collaborationId,
    plan,
    ...(hasBegun && {
      resumed: resumptionOf(events, outstanding),
      isPausedByAnalysis: isPausedBy(events, `/collaborations/${ref.collaborationId}`),
    }),
  };
}

/** A part as it is asked: the request, with what it reads in place of references. */
interface Opening {
  readonly request: CollaborationRequest;
  readonly materials: readonly MaterialRef[];
  readonly plan: Plan;
}

async function readOpening(deps: OpenPartDeps, ref: PartRef): Promise<Opening> {
  const { tenantId, collaborationId: stream } = ref;
  const events = await deps.ledger.readUpTo({ tenantId, stream });
  const run = readRun(events, await longTexts(deps, tenantId, events));
  const request = partRequest(briefOfPart(run, ref.part, shareOf(run, ref.part)), deps.sha256);
  const materials = await storedMaterials(deps, tenantId, { run, request });
  return { request, materials, plan: run.state.plan };
}

function shareOf({ state }: RunReading, part: string): BudgetLimits {
  const share = state.parts?.[part]?.budget;
  if (share === undefined || share === null)
    throw new Error(`part ${part}: got one that was not opened`);
  return share;
}

/** What the analysis reads is there already; what is made for the part is put to it. */
async function storedMaterials(
  deps: OpenPartDeps,
  tenantId: string,
  { run, request }: { readonly run: RunReading; readonly request: CollaborationRequest },
): Promise<readonly MaterialRef[]> {
  const known = new Map(run.opened.materials.map((ref) => [ref.sha256, ref]));
  return await Promise.all(
    (request.materials ?? []).map(async (material) => {
      if ('text' in material) {
        const { artifact: sha256, bytes } = await deps.putText(tenantId, material.text);
        return { name: material.name, mediaType: textMediaType, bytes, sha256 };
      }
      const ref = known.get(material.artifact);
      if (ref === undefined) throw new Error(`material ${material.artifact}: not of the analysis`);
      return ref;
    }),
  );
}

async function planPart(
  deps: OpenPartDeps,
  { tenantId, collaborationId, part }: PartRef,
  { request, materials, plan: whole }: Opening,
): Promise<Planned> {
  const panel = await panelOf(deps, tenantId, whole);
  const context = {
    seed: whole.seed,
    materialBytes: materials.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(needsRecords(request) && { records: await recordsOf(deps, tenantId, panel) }),
  };
  return planOfPart({ request, panel, context }, { collaborationId, part });
}

/** Those who sit at the table of the analysis, each once. */
async function panelOf(
  deps: OpenPartDeps,
  tenantId: string,
  { seats, chair }: Plan,
): Promise<readonly Agent[]> {
  const names = [...new Set([...seats, chair].map(({ agent }) => agent))];
  const agents = await Promise.all(names.map((name) => deps.agentOf(tenantId, name)));
  return agents.filter((agent) => agent !== undefined);
}

async function recordsOf(
  deps: OpenPartDeps,
  tenantId: string,
  panel: readonly Agent[],
): Promise<KnownRecords> {
  const models = panel.map(({ provider, model, simulated }) => ({ provider, model, simulated }));
  return { records: await deps.resolutions.recordsOf(tenantId, models), sha256: deps.sha256 };
}

function refusedEnd(part: string, faults: readonly Fault[]): PartEnd {
  const isBudget = faults.every(({ field }) => field.startsWith('budget'));
  return refusedPart(part, isBudget ? 'budget' : 'unplannable');
}

async function store(
  deps: OpenPartDeps,
  { tenantId, collaborationId: parent, part }: PartRef,
  { request, materials, planned }: Opening & { readonly planned: Planned & { ok: true } },
): Promise<void> {
  const collaborationId = idOfPart({ collaborationId: parent, part });
  const createdAt = new Date(deps.now()).toISOString();
  const { plan, estimate } = planned;
  const question = await shortOrKept(deps, tenantId, request.question);
  const content: OpenedContent = {
    question,
    options: [],
    materials,
    personas: request.personas ?? {},
  };
  await deps.collaborations.create({
    tenantId,
    collaborationId,
    question: request.question,
    request: { ...request, materials },
    plan,
    estimate,
    createdAt,
    events: openingEvents(plan, {
      collaborationId,
      source: `/collaborations/${parent}`,
      time: createdAt,
      content,
    }),
    idempotency: null,
  });
}
