import type { TurnRef } from '../../domain/collaboration/fact.ts';

/** Names one turn of one run. */
export interface TurnKey {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly turn: TurnRef;
}

/** A try of a turn: who makes it, and which one it is, as `begin` counted it. */
export interface Try {
  readonly workerId: string;
  readonly attempt: number;
}
