import type { SandboxFact, SandboxRunEnd } from '../../domain/sandbox/run-fact.ts';
import { sandboxEvent, withoutResult } from '../../domain/sandbox/run-fact.ts';
import type { House } from './fake-house.ts';

/** Where runs are started. */
export const path = '/v1/sandbox/runs';
/** A run. */
export const snippet = { lane: 'javascript', code: 'output(6 * 7)' };
/** After which whoever looks after open runs takes one for lost. */
export const longAgoMs = 60_000;

/** Starts one, and answers its id. */
export async function started(house: House, body: object = snippet): Promise<string> {
  const response = await house.post(path, body);
  if (response.status !== 202) throw new Error(`start: ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

/** Appends a fact of a run, as its worker does. */
export function happens(house: House, runId: string, fact: SandboxFact): void {
  const time = new Date(house.nowMs).toISOString();
  house.append('a', runId, sandboxEvent(fact, { runId, source: '/workers/w1', time }));
}

/** Ends one well, with what it said. */
export async function endsWith(
  house: House,
  runId: string,
  said: { readonly value?: string; readonly stdout?: string } = {},
): Promise<void> {
  const keep = async (text?: string): Promise<SandboxRunEnd['value']> => {
    if (text === undefined) return null;
    const bytes = Buffer.from(text);
    const stored = await house.deps.artifacts.put('a', { bytes, mediaType: 'text/plain' });
    return { artifact: stored.sha256, bytes: stored.bytes };
  };
  const [value, stdout] = [await keep(said.value), await keep(said.stdout)];
  const end = { ...withoutResult('ok', ''), value, stdout };
  happens(house, runId, { type: 'sandbox.ended', ...end });
}
