import { activityInfo, Context, heartbeat, log } from '@temporalio/activity';

import { turnNamed } from '../domain/collaboration/case-file.ts';
import type { TurnFact } from '../domain/collaboration/fact.ts';
import { packEnding } from '../domain/collaboration/turn-ending.ts';
import { accountOf, type Agent } from '../domain/providers/agent.ts';
import type { ProviderFault } from '../domain/providers/model-connector.ts';
import type { BeginResult, ExtendResult, Try } from '../infra/stores/turn-store.ts';
import type { Activities } from './activities.ts';
import { failedProgram } from './command-evidence.ts';
import { keepUntilStored } from './kept-answer.ts';
import { ProviderFaultError } from './models/fault.ts';
import { takenOver, tryLater } from './retry-failures.ts';
import { answerTurn, failedTurn, mayHaveCost } from './turn-answer.ts';
import type { Asking, AskingDeps } from './turn-answer.ts';
import { prepareTurn, type PrepareDeps } from './turn-preparation.ts';

/** What asking an agent needs of the outside. */
export interface AskAgentDeps extends PrepareDeps, AskingDeps {
  readonly workerId: string;
}

/** A provider that fails this often for one turn is not asked again. */
const failuresMax = 6;

/**
 * A turn that has been finding its provider down for so long gives up, at its next meeting with the open breaker: by then
 * three calls that the breaker let through have failed. Kept in the database, so it does not matter which worker waits.
 */
const patienceMs = 60_000;

const heartbeatMs = 3000;

/**
 * Makes the activity that asks one agent once: it looks for a recorded reply first, holds budget and a place at the
 * provider, calls, and settles reply, cost and events in one transaction. Temporal owns every retry.
 */
export function createAskAgent(deps: AskAgentDeps): Activities['askAgent'] {
  return async ([tenantId, turn]) => {
    const key = { tenantId, collaborationId: collaborationNamed(), turn: turnNamed(turn) };
    const asking: Asking = await prepareTurn(deps, key);
    return packEnding(await askInOrder(deps, asking));
  };
}

/** The collaboration that this activity belongs to: its workflow's id is `<pattern>/<collaborationId>`. */
function collaborationNamed(): string {
  const workflowId = activityInfo().workflowExecution?.workflowId ?? '';
  return workflowId.slice(workflowId.indexOf('/') + 1);
}

async function askInOrder(deps: AskAgentDeps, asking: Asking): Promise<TurnFact> {
  for (const [index, agent] of asking.agents.entries()) {
    const hasNext = index + 1 < asking.agents.length;
    const fact = await tryAgent(deps, asking, agent, hasNext);
    if (fact !== null) return fact;
    log.warn('falling back to another agent', { ...asking.key.turn, agent: agent.name });
  }
  throw new Error(`${asking.key.turn.turn}: no agent was asked`);
}

/** Asks one agent. `null`: it failed for good and the next one may be asked. */
async function tryAgent(
  deps: AskAgentDeps,
  asking: Asking,
  agent: Agent,
  hasNext: boolean,
): Promise<TurnFact | null> {
  const begun = await begin(deps, asking, agent);
  if (begun.kind === 'no-room') {
    if (begun.reason === 'breaker' && hasNext) return null;
    return await waitForRoom(deps, asking, begun);
  }
  if (begun.kind !== 'begun') return begun.fact;
  const { attempts, lost } = begun;
  if (lost !== undefined) log.warn('calls were lost', { ...asking.key.turn, ...lost });
  const call: Call = {
    asking,
    agent,
    hasNext,
    tried: { workerId: deps.workerId, attempt: attempts },
  };
  const beat = setInterval(heartbeat, heartbeatMs);
  try {
    const reserveRepair = async () => await extend(deps, call);
    return await answerTurn(deps, asking, { agent, tried: call.tried, reserveRepair });
  } catch (error) {
    if (!(error instanceof ProviderFaultError)) throw error;
    const failed = await failedProgram(deps.artifacts, asking.key.tenantId, error);
    if (failed !== null)
      log.warn('program failed', { ...asking.key.turn, agent: agent.name, ...failed });
    return await afterFault(deps, call, error);
  } finally {
    clearInterval(beat);
  }
}

async function begin(deps: AskAgentDeps, asking: Asking, agent: Agent): Promise<BeginResult> {
  return await deps.turns.begin({
    ...asking.key,
    workflowId: activityInfo().workflowExecution?.workflowId ?? '',
    workerId: deps.workerId,
    account: accountOf(asking.key.tenantId, agent),
    limits: agent.limits,
    reserve: asking.reserve,
    time: new Date(deps.now()).toISOString(),
    source: asking.source,
  });
}

async function waitForRoom(
  deps: AskAgentDeps,
  asking: Asking,
  room: BeginResult & { kind: 'no-room' },
): Promise<TurnFact> {
  if (room.downMs >= patienceMs) return await failedTurn(deps, asking, null);
  throw tryLater({
    type: 'provider-limited',
    message: `no room at the provider: ${room.reason}`,
    afterMs: room.retryAfterMs,
  });
}

/** A call that was begun. */
interface Call {
  readonly asking: Asking;
  readonly agent: Agent;
  readonly hasNext: boolean;
  readonly tried: Try;
}

async function afterFault(
  deps: AskAgentDeps,
  call: Call,
  error: ProviderFaultError,
): Promise<TurnFact | null> {
  const { asking, agent, hasNext, tried } = call;
  const { fault } = error;
  if (fault.code === 'cancelled') return await afterCancellation(deps, call, error);
  const { retryAfterMs } = fault;
  // What this worker lacks says nothing of the provider.
  const disposition = fault.code === 'adapter-missing' ? 'never' : fault.disposition;
  const account = accountOf(asking.key.tenantId, agent);
  await deps.accounts.reportFault({ account, disposition, retryAfterMs });
  const isFinal = fault.disposition === 'never' || tried.attempt >= failuresMax;
  if (isFinal && !hasNext) return await failedTurn(deps, asking, { error, tried });
  await release(deps, call, error);
  if (isFinal) return null;
  throw tryLater({
    type: 'provider-unavailable',
    message: describe(fault),
    afterMs: fault.retryAfterMs ?? undefined,
    cause: error,
  });
}

/** A call that was stopped because its pass closed is settled; one that merely lost its worker is made again. */
async function afterCancellation(
  deps: AskAgentDeps,
  call: Call,
  error: ProviderFaultError,
): Promise<TurnFact> {
  const { asking, tried } = call;
  const details = Context.current().cancellationDetails;
  const lostWorker = details !== undefined && !details.cancelRequested;
  if (!lostWorker) return await failedTurn(deps, asking, { error, tried });
  await release(deps, call, error);
  const message = 'the worker stopped during the call';
  throw tryLater({ type: 'worker-lost', message, afterMs: 1, cause: error });
}

/** Lets the turn hold what its second call may cost at most, too. */
async function extend(
  deps: AskAgentDeps,
  { asking, tried }: Call,
): Promise<Exclude<ExtendResult, 'taken'>> {
  const { key, reserveWithRepair: reserve } = asking;
  // The first call was answered: an outage now must not have it made again.
  const result = await keepUntilStored(() => deps.turns.extend({ ...key, ...tried, reserve }));
  if (result === 'taken') throw takenOver();
  if (result === 'no-room') log.warn('no budget for a second call', { ...asking.key.turn });
  return result;
}

async function release(
  deps: AskAgentDeps,
  { asking, tried }: Call,
  error: ProviderFaultError,
): Promise<void> {
  await deps.turns.release({ ...asking.key, ...tried, mayHaveCost: mayHaveCost(error) });
}

function describe(fault: ProviderFault): string {
  return fault.status === null
    ? `${fault.code}: ${fault.message}`
    : `${fault.code} (HTTP ${String(fault.status)}): ${fault.message}`;
}
