import type { LedgerEvent } from '../domain/ledger/event.ts';
import type { ApiDeps } from './ports.ts';
import { Problem } from './problem.ts';

/** Makes the problem for a key that did something else before. */
export function keyReused(detail: string): Problem {
  return new Problem('idempotency-key-reused', {
    detail,
    errors: [
      {
        field: 'Idempotency-Key',
        got: 'a key that came with another body before',
        expected: 'a new key, or the body that came with it first',
      },
    ],
  });
}

/**
 * Derives an update's id from a caller's key: the same request again is the same update.
 *
 * @param step - name of the step, as in its path
 * @param key - as the caller gave it
 */
export function updateIdOf(step: string, key: string): string {
  return `${step}/${key}`;
}

/** A step of steering that came with a key. */
export interface KeyedStep {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly updateId: string;
  /** What the step's event says because of the request's body. */
  readonly asked: object;
}

/**
 * Finds the event that a step left when its key came before.
 *
 * @returns `undefined` for a key that did nothing yet
 * @throws `Problem` `idempotency-key-reused` when it did something else than is asked now
 */
export async function findRecorded(
  deps: Pick<ApiDeps, 'ledger'>,
  step: KeyedStep,
): Promise<LedgerEvent | undefined> {
  const { tenantId, collaborationId: stream, updateId, asked } = step;
  const events = await deps.ledger.readUpTo({ tenantId, stream });
  const recorded = events.find(({ id }) => id === `${stream}/update-${updateId}`);
  if (recorded === undefined || carries(recorded.data, asked)) return recorded;
  throw keyReused(`The Idempotency-Key did something else to ${stream} before.`);
}

/** Whether what is recorded has every field that is asked for, with the same value. */
function carries(recorded: unknown, asked: unknown): boolean {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) {
    return JSON.stringify(recorded) === JSON.stringify(asked);
  }
  const fields = (recorded ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(asked).every(([name, value]) => carries(fields[name], value));
}
