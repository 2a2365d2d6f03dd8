/** Seats of the reference job. */
export const seats = 5;
/** Rounds of the reference job. */
export const rounds = 3;
/** Time that each model takes, milliseconds. */
export const modelLatencyMs = 50;
/** What a debate takes when nothing but the models takes time, milliseconds. */
export const criticalPathMs = rounds * modelLatencyMs;
/** The last event of a run. */
export const sealedType = 'conclave.decision.sealed.v1';

/** Makes the body of a start of the reference job: everything is on, and nothing ends it before its last round. */
export function referenceJob(participants: readonly string[]): object {
  return {
    pattern: 'debate',
    gate: 'off',
    question: 'Should a small team begin with a monolith or with microservices?',
    options: ['monolith', 'microservices'],
    participants,
    rounds,
    stopOnStability: false,
    endsEarly: false,
    budget: { tokens: 1_000_000, usd: 10 },
  };
}
