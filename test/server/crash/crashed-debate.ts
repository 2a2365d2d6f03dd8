import { randomUUID } from 'node:crypto';

import type { CallCount } from '../../../infra/simulated/call-log.ts';
import { simulatedAgents } from '../../../infra/simulated/agents.ts';
import { within } from '../../support/within.ts';
import type { CrashLab } from './crash-lab.ts';
import type { FollowedStream } from './ledger-follower.ts';

/** How long anything may take that a crash interrupted, before it counts as hanging. */
export const RECOVERED_WITHIN_MS = 60_000;

/** How a debate of the crash tests is. */
export interface DebateSettings {
  /** What each seat's model takes, milliseconds; different ones, so that every answer is a step of its own. */
  readonly latenciesMs: readonly number[];
  readonly rounds?: number;
  /** Further fields of the start's body. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A debate whose start is on its way: its stream is heard of before the API has answered. */
export interface BegunDebate {
  readonly stream: Promise<FollowedStream>;
  /** Id that the API answered; asks again, with the same key, when the answer was cut off. */
  readonly id: Promise<string>;
  readonly models: readonly string[];
  readonly latenciesMs: readonly number[];
}

let debates = 0;

/** Registers the debate's own agents and sends its start. */
export async function beginDebate(lab: CrashLab, settings: DebateSettings): Promise<BegunDebate> {
  const { latenciesMs } = settings;
  return await begin(lab, latenciesMs, (participants) => ({
    pattern: 'debate',
    participants,
    options: ['Postgres', 'SQLite'],
    rounds: settings.rounds ?? 2,
    gate: 'off',
    stopOnStability: false,
    endsEarly: false,
    ...settings.more,
  }));
}

/**
 * Registers agents of its own and sends the start of a run.
 *
 * @param lab - where
 * @param latenciesMs - what each agent's model takes
 * @param bodyFor - gives the start's body, but for its question, to the agents' names
 */
export async function begin(
  lab: CrashLab,
  latenciesMs: readonly number[],
  bodyFor: (agents: readonly string[]) => Readonly<Record<string, unknown>>,
): Promise<BegunDebate> {
  debates += 1;
  const panel = simulatedAgents(lab.stack.connections.simulatedAddress ?? '');
  const agents = latenciesMs.map((latencyMs, index) => {
    const agent = panel[index % panel.length];
    const name = `${agent?.name ?? ''}-${String(debates)}`;
    const model = `${name}-slow-${String(latencyMs)}`;
    return { name, provider: agent?.provider, baseUrl: agent?.baseUrl, model };
  });
  await Promise.all(agents.map(async (agent) => await lab.api('/v1/agents', { body: agent })));
  const body = {
    question: `Which database shall service ${String(debates)} use?`,
    ...bodyFor(agents.map(({ name }) => name)),
  };
  const stream = lab.ledger.nextStream(RECOVERED_WITHIN_MS);
  stream.catch(() => undefined); // told again by whoever waits for it
  return {
    stream,
    id: startPatiently(lab, body),
    models: agents.map(({ model }) => model),
    latenciesMs,
  };
}

/** Sends a start, and sends it again under the same key until it is answered. */
async function startPatiently(lab: CrashLab, body: unknown): Promise<string> {
  const key = randomUUID();
  const deadline = performance.now() + RECOVERED_WITHIN_MS;
  for (;;) {
    try {
      const { id } = await lab.api<{ id: string }>('/v1/collaborations', {
        body,
        headers: { 'idempotency-key': key },
      });
      return id;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await lab.stack.waitReady('api');
      await lab.stack.waitReady('postgres');
    }
  }
}

/** Waits until the record is sealed; gives the number of the seal. */
export async function untilSealed(lab: CrashLab, stream: FollowedStream): Promise<number> {
  const deadline = performance.now() + RECOVERED_WITHIN_MS;
  let seen = stream.seq;
  for (;;) {
    const seal = await sealOf(lab, stream.id);
    if (seal !== undefined) return seal;
    await stream.until(seen + 1, Math.max(1, deadline - performance.now()));
    seen = stream.seq;
  }
}

async function sealOf(lab: CrashLab, id: string): Promise<number | undefined> {
  const [row] = await patiently(
    async () =>
      await lab.sql<{ seq: number }[]>`
      select seq from conclave.events
      where stream_id = ${id} and type = 'conclave.decision.sealed.v1'`,
  );
  return row?.seq;
}

/** Does again what failed because the part that it needs is down. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + RECOVERED_WITHIN_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await within(1000, 'the next try', (resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const RETRY_MS = 20;

/** What was there right after a kill: turns that had ended, and calls that had been made. */
export interface Snapshot {
  readonly ended: ReadonlySet<string>;
  readonly calls: readonly CallCount[];
}

/** Looks at ledger and provider. */
export async function snapshotOf(
  lab: CrashLab,
  id: string,
  models: readonly string[],
): Promise<Snapshot> {
  const [rows, calls] = await Promise.all([
    patiently(
      async () =>
        await lab.sql<{ turn: string }[]>`
        select data ->> 'turn' as turn from conclave.events
        where stream_id = ${id} and data ->> 'turn' is not null`,
    ),
    lab.calls(models),
  ]);
  return { ended: new Set(rows.map(({ turn }) => turn)), calls };
}
