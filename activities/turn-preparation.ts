import type { CaseFile } from '../domain/collaboration/case-file.ts';
import type { TurnRef } from '../domain/collaboration/fact.ts';
import { reservationFor, reservationWithRepair } from '../domain/planning/estimate.ts';
import type { PromptSource } from '../domain/prompts/material.ts';
import type { Agent } from '../domain/providers/agent.ts';
import type { BeginInput, TurnKey } from '../infra/stores/turn-store.ts';
import type { CaseFiles } from './case-files.ts';
import type { Materials } from './materials.ts';
import { seatOf } from './turn-brief.ts';

/** What a turn's preparation reads. */
export interface PrepareDeps {
  readonly caseFiles: CaseFiles;
  readonly materials: Materials;
  /** Gives an agent of a tenant, also one that was removed after the run began. */
  agentOf(tenantId: string, name: string): Promise<Agent | undefined>;
}

/** Everything that is known about a turn before a call. */
export interface PreparedTurn {
  readonly key: TurnKey;
  readonly file: CaseFile;
  readonly sources: readonly PromptSource[];
  /** Whom to ask, in order: the seat's agent, then its fallback where the run allows one. At least one. */
  readonly agents: readonly Agent[];
  readonly reserve: BeginInput['reserve'];
  /** What it is to hold in all before its reply is asked for a second time. */
  readonly reserveWithRepair: BeginInput['reserve'];
  /** Source of the turn's events. */
  readonly source: string;
}

/** Looks up what a turn needs before anything is reserved. */
export async function prepareTurn(deps: PrepareDeps, key: TurnKey): Promise<PreparedTurn> {
  const { tenantId, collaborationId, turn } = key;
  const file = await deps.caseFiles.open({ tenantId, collaborationId }, turn);
  const { plan } = file.state;
  const sources = await deps.materials.sourcesOf(tenantId, file.opened.materials);
  const agents = await agentsFor(deps, tenantId, file, turn);
  const price = agents[0]?.price ?? null;
  const call = { task: turn.task, round: turn.round, plan, price };
  return {
    key,
    file,
    sources,
    agents,
    reserve: reservationFor(call),
    reserveWithRepair: reservationWithRepair(call),
    source: `/collaborations/${collaborationId}/seats/${turn.seat}`,
  };
}

async function agentsFor(
  deps: PrepareDeps,
  tenantId: string,
  file: CaseFile,
  turn: TurnRef,
): Promise<readonly Agent[]> {
  const name = seatOf(file, turn.seat).agent;
  const agent = await deps.agentOf(tenantId, name);
  if (agent === undefined) throw new Error(`agent: got ${name}, expected one that was registered`);
  if (!file.state.plan.allowFallback || agent.fallback === null) return [agent];
  const fallback = await deps.agentOf(tenantId, agent.fallback);
  return fallback === undefined ? [agent] : [agent, fallback];
}
