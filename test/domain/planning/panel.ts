import type { CollaborationRequest } from '../../../domain/collaboration/request.ts';
import type { Fault } from '../../../domain/planning/fault.ts';
import { makePlan, type PlanContext } from '../../../domain/planning/plan.ts';
import type { Agent, Price } from '../../../domain/providers/agent.ts';

/** One dollar per million tokens in, five out. */
export const price: Price = {
  inputMicrosUsdPerMillion: 1_000_000,
  cachedMicrosUsdPerMillion: 100_000,
  outputMicrosUsdPerMillion: 5_000_000,
  asOf: '2026-01-01',
};

/** An agent with a price and no personas unless said otherwise. */
export function agent(name: string, more: Partial<Agent> = {}): Agent {
  return {
    name,
    provider: 'openai-compatible',
    model: 'model',
    baseUrl: null,
    apiKeyEnv: null,
    personas: [],
    price,
    limits: {},
    fallback: null,
    capabilities: {},
    simulated: false,
    ...more,
  };
}

/** Agents `a1`, `a2`, … */
export function agents(count: number, more: Partial<Agent> = {}): readonly Agent[] {
  return Array.from({ length: count }, (_, index) => agent(`a${index + 1}`, more));
}

/** A debate about an open question. */
export const openDebate: CollaborationRequest = { pattern: 'debate', question: 'Which database?' };

/** A vote on two options. */
export const closedVote: CollaborationRequest = {
  pattern: 'consensus',
  question: 'Which database?',
  options: ['Postgres', 'SQLite'],
};

/** No materials, seed `c0de`. */
export const context: PlanContext = { seed: 'c0de', materialBytes: 0 };

/** The plan that a request must give. */
export function planned(
  request: CollaborationRequest,
  panel: readonly Agent[] = agents(12),
  more: Partial<PlanContext> = {},
): Extract<ReturnType<typeof makePlan>, { ok: true }> {
  const result = makePlan(request, panel, { ...context, ...more });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result;
}

/** The faults that a request must have. */
export function faultsIn(
  request: CollaborationRequest,
  panel: readonly Agent[] = agents(12),
  more: Partial<PlanContext> = {},
): readonly Fault[] {
  const result = makePlan(request, panel, { ...context, ...more });
  if (result.ok) throw new Error('the request can be planned');
  return result.faults;
}
