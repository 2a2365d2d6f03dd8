import { createHash, randomBytes } from 'node:crypto';

import type { Plan } from '../../domain/collaboration/plan.ts';
import type { CollaborationRequest, Estimate } from '../../domain/collaboration/request.ts';
import type { MaterialRef } from '../../domain/ledger/event.ts';
import type { Fault } from '../../domain/planning/fault.ts';
import { needsRecords, type KnownRecords } from '../../domain/planning/calibrating.ts';
import { makePlan } from '../../domain/planning/plan.ts';
import { accountOf } from '../../domain/providers/agent.ts';
import type { Agent } from '../../domain/providers/agent.ts';
import { recordedModel } from '../calibration-view.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
import { gatherMaterials } from './materials.ts';
import type { Upload } from './materials.ts';

/** A request that can run, and what has to be stored before it does. */
export interface Planned {
  readonly plan: Plan;
  readonly estimate: Estimate;
  readonly materials: readonly MaterialRef[];
  readonly uploads: readonly Upload[];
}

const SEED_BYTES = 16;

/**
 * Decides how a request would run. Nothing is stored and nothing is started.
 *
 * @throws `Problem` `input-invalid` with every fault: unknown agents, too small a budget, unknown artifacts
 */
export async function planRequest(
  deps: Pick<ApiDeps, 'agents' | 'accounts' | 'artifacts' | 'resolutions' | 'tenants'>,
  tenantId: string,
  request: CollaborationRequest,
): Promise<Planned> {
  const [panel, gathered] = await Promise.all([
    deps.agents.list(tenantId),
    gatherMaterials(deps, tenantId, request.materials ?? []),
  ]);
  if (!gathered.ok) throw invalidPlan(gathered.faults);
  const planned = makePlan(request, panel, {
    seed: randomBytes(SEED_BYTES).toString('hex'),
    materialBytes: gathered.refs.reduce((sum, ref) => sum + ref.bytes, 0),
    offline: request.participants === undefined ? await offlineOf(deps, tenantId, panel) : [],
    ...(needsRecords(request) && { records: await recordsOf(deps, tenantId, panel) }),
  });
  if (!planned.ok) throw invalidPlan(planned.faults);
  const { plan, estimate } = planned;
  return { plan, estimate, materials: gathered.refs, uploads: gathered.texts };
}

/** What this tenant knows of the models in its panel. */
async function recordsOf(
  deps: Pick<ApiDeps, 'resolutions'>,
  tenantId: string,
  panel: readonly Agent[],
): Promise<KnownRecords> {
  const records = await deps.resolutions.recordsOf(tenantId, panel.map(recordedModel));
  return { records, sha256: (text) => createHash('sha256').update(text).digest('hex') };
}

/** Makes the problem for a request that is well formed but cannot run. */
export function invalidPlan(faults: readonly Fault[]): Problem {
  const [first] = faults;
  const place = first ? `: ${first.field}: got ${first.got}, expected ${first.expected}` : '';
  return new Problem('input-invalid', {
    detail: `The request cannot be planned${place}.`,
    errors: faults,
  });
}

/** Agents that nobody may call or run now do not sit in a default panel, unless none is left. */
async function offlineOf(
  deps: Pick<ApiDeps, 'accounts' | 'tenants'>,
  tenantId: string,
  panel: readonly Agent[],
): Promise<readonly string[]> {
  const account = (agent: Agent): string => accountOf(tenantId, agent);
  const isProgram = ({ command }: Agent): boolean => command !== undefined;
  const [standings, mayRunCode] = await Promise.all([
    deps.accounts.status([...new Set(panel.map(account))]),
    panel.some(isProgram) && deps.tenants.mayRunCode(tenantId),
  ]);
  const open = standings
    .filter(({ breaker }) => breaker === 'open')
    .map((standing) => standing.account);
  const offline = panel.filter(
    (agent) => open.includes(account(agent)) || (isProgram(agent) && !mayRunCode),
  );
  return offline.length === panel.length ? [] : offline.map(({ name }) => name);
}
