import { genesisHash, type LedgerEvent } from '../../../domain/ledger/event.ts';
import { completeLimits } from '../../../domain/sandbox/limits.ts';
import { sandboxEvent, withoutResult, type SandboxFact } from '../../../domain/sandbox/run-fact.ts';

const request = { artifact: 'a'.repeat(64), bytes: 100 };

/** What a run is asked for with. */
export const requested: SandboxFact = {
  type: 'sandbox.requested',
  lane: 'command',
  request,
  requestSha256: 'b'.repeat(64),
  limits: completeLimits({}),
  grants: [],
  seed: 's',
};

/** A worker's beginning. */
export function started(attempt: number): SandboxFact {
  return { type: 'sandbox.started', attempt, worker: `w${String(attempt)}` };
}

/** An end without a result. */
export const ended: SandboxFact = { type: 'sandbox.ended', ...withoutResult('ok', '') };

/** Puts facts into a stream, a second apart. */
export function streamOf(facts: readonly SandboxFact[], runId = 'r_1'): LedgerEvent[] {
  return facts.map((fact, index) => {
    const time = new Date(Date.UTC(2026, 10, 21, 9, 0, index)).toISOString();
    const event = sandboxEvent(fact, { runId, source: '/users/a', time });
    const hashes = { previousHash: genesisHash, hash: genesisHash };
    return { ...event, stream: runId, seq: index + 1, ...hashes };
  });
}
