import type { Plan, Seat } from '../../domain/collaboration/plan.ts';

/** Seats `s1` … `s<n>` of agents `a1` … `a<n>`. */
export function seats(count: number): Seat[] {
  return Array.from({ length: count }, (_, index) => ({
    seat: `s${String(index + 1)}`,
    agent: `a${String(index + 1)}`,
    personas: [],
    weight: 1,
    simulated: true,
  }));
}

/** A plan of a closed question with two options; every field may be set. */
export function planWith(fields: Partial<Plan> = {}): Plan {
  return {
    pattern: 'debate',
    seed: '00ff',
    seats: seats(3),
    protocol: { kind: 'plurality' },
    optionKeys: ['o1', 'o2'],
    grouping: 'normalised',
    rounds: 2,
    depth: 'combined',
    stopOnStability: true,
    endsEarly: false,
    synthesis: false,
    chair: { seat: 'chair', agent: 'a1', personas: [], weight: 1, simulated: true },
    allowFallback: false,
    budget: { tokens: null, microsUsd: null },
    deadlineMs: null,
    maxOutputTokens: 500,
    promptTokens: 200,
    thoroughness: 0.5,
    ...fields,
  };
}
