import type { Answer, House } from './house.ts';

/** An approval as the API shows it, as far as these tests look. */
export interface ShownApproval {
  readonly id: string;
  readonly collaboration: string;
  readonly approval: string;
  readonly point: string;
  readonly state: string;
  readonly question: string;
  readonly answers: readonly string[];
  readonly by: string | null;
  readonly answer: string | null;
  readonly choice: string | null;
  readonly comment: string | null;
  readonly settledAt: string | null;
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string }[];
}

/** Waits until a run asks people this, and gives it as the API shows it. */
export async function awaited(house: House, id: string, name: string): Promise<ShownApproval> {
  await house.eventsUntil(
    id,
    ({ type, data }) => type === 'conclave.approval.requested.v1' && data['approval'] === name,
  );
  return (await house.call<ShownApproval>(`/v1/approvals/${id}.${name}`)).body;
}

/** Answers an approval. */
export async function answered(
  house: House,
  approval: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<ShownApproval>> {
  return await house.call<ShownApproval>(`/v1/approvals/${approval}`, { body, headers });
}

/** A closed question of two seats and, unless told otherwise, one round. */
export function asking(people: object, more: object = {}): object {
  return {
    pattern: 'debate',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: ['sim-ada', 'sim-bo'],
    rounds: 1,
    stopOnStability: false,
    people,
    ...more,
  };
}
