import { cancellationSignal, log } from '@temporalio/activity';

import type { AbstentionReason, TurnCost, TurnFact } from '../domain/collaboration/fact.ts';
import {
  inlineBytesMax,
  type Sha256,
  type Text,
  type TurnContent,
} from '../domain/ledger/event.ts';
import type { Agent } from '../domain/providers/agent.ts';
import type { ModelConnector, ProviderFault } from '../domain/providers/model-connector.ts';
import { costOf } from '../domain/providers/price.ts';
import { noUsage, totalTokens, unknownUsage } from '../domain/providers/usage.ts';
import type { Try, TurnStore } from '../infra/stores/turn-store.ts';
import type { CallKey, CallsUnderWay } from './calls-under-way.ts';
import { commandEvidence } from './command-evidence.ts';
import { keepUntilStored } from './kept-answer.ts';
import { textMediaType } from './long-text.ts';
import { takenOver } from './retry-failures.ts';
import { callModel, type ModelAnswer, RepairFaultError, type ReserveRepair } from './model-call.ts';
import type { ProviderFaultError } from './models/fault.ts';
import { briefOf } from './turn-brief.ts';
import {
  abstention,
  contentOfReply,
  factOfReply,
  nothingSaid,
  type SaidContent,
} from './turn-outcome.ts';
import type { PreparedTurn } from './turn-preparation.ts';

/** What answering a turn needs of the outside. */
export interface AskingDeps {
  readonly turns: TurnStore;
  readonly calls: CallsUnderWay;
  readonly accounts: {
    reportFault(
      input: { readonly account: string } & Pick<ProviderFault, 'disposition' | 'retryAfterMs'>,
    ): Promise<void>;
  };
  readonly artifacts: {
    put(
      tenantId: string,
      bytes: Uint8Array,
      mediaType: string,
    ): Promise<{ readonly sha256: string }>;
  };
  readonly sha256: Sha256;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  connectorOf(tenantId: string, agent: Agent): ModelConnector;
  /** Where a turn's text is to go while it streams; `undefined` when nobody watches. */
  liveTextOf(turn: CallKey & { readonly tenantId: string }): ((text: string) => void) | undefined;
}

/** A turn on its way to an answer. */
export type Asking = PreparedTurn;

/**
 * Calls the model and settles what came.
 *
 * @param deps - what answering needs
 * @param asking - what is known about it before a call
 * @param called - whom to ask, and how to pay for it twice
 * @param called.agent - the seat’s own, or its fallback
 * @param called.tried - the try that this is
 * @param called.reserveRepair - reserves the second call that an unusable reply needs
 * @throws ProviderFaultError when the call failed; nothing is settled then
 */
export async function answerTurn(
  deps: AskingDeps,
  asking: Asking,
  called: { readonly agent: Agent; readonly tried: Try; readonly reserveRepair: ReserveRepair },
): Promise<TurnFact> {
  const { agent, tried, reserveRepair } = called;
  const { key, file, sources } = asking;
  const { turn } = key;
  const named = { ...key, turn: turn.turn };
  const call = deps.calls.start(named, cancellationSignal());
  const onText = deps.liveTextOf(named);
  const startedAt = deps.now();
  try {
    const answer = await callModel({
      task: turn.task,
      brief: briefOf({ turn, file, agent, sources, sha256: deps.sha256 }),
      connector: deps.connectorOf(key.tenantId, agent),
      maxOutputTokens: file.state.plan.maxOutputTokens,
      signal: call.signal,
      reserveRepair,
      ...(onText === undefined ? {} : { onText }),
    });
    const latencyMs = deps.now() - startedAt;
    return await settleAnswer(deps, asking, { agent, tried, answer, latencyMs });
  } finally {
    call.end();
  }
}

async function settleAnswer(
  deps: AskingDeps,
  asking: Asking,
  came: {
    readonly agent: Agent;
    readonly tried: Try;
    readonly answer: ModelAnswer;
    readonly latencyMs: number;
  },
): Promise<TurnFact> {
  const { turn } = asking.key;
  const { agent, tried, answer, latencyMs } = came;
  const held = answer.repaired === null ? asking.reserve : asking.reserveWithRepair;
  const cost = turnCost(held, answer, agent);
  const { said } = answer;
  const fact = said.ok ? factOfReply(turn, said.reply, cost) : abstention(turn, said.reason, cost);
  const words = said.ok ? contentOfReply(said.reply) : nothingSaid;
  const content: TurnContent = {
    ...(await keepUntilStored(() => withLongTextsStored(deps, asking, words))),
    model: answer.model,
    agent: agent.name,
    simulated: agent.simulated,
    finish: answer.finish,
    repaired: answer.repaired,
    ...(answer.unrepaired === undefined ? {} : { unrepaired: answer.unrepaired }),
    promptSha256: answer.promptSha256,
    latencyMs,
    leftOut: answer.leftOut,
    ...(await keepUntilStored(() => commandEvidence(deps.artifacts, asking.key, answer.commands))),
  };
  return await settle(deps, asking, { fact, content, tried });
}

/**
 * Settles a turn that no call answered: stopped because its pass closed, or failed for good.
 *
 * @param deps - what settling needs
 * @param asking - the turn that got no answer
 * @param last - the last call and what it met; `null` when none was made
 * @throws ApplicationFailure of type `worker-lost` when somebody else asks for the turn by now
 */
export async function failedTurn(
  deps: AskingDeps,
  asking: Asking,
  last: { readonly error: ProviderFaultError; readonly tried: Try } | null,
): Promise<TurnFact> {
  const error = last?.error ?? null;
  const held = error instanceof RepairFaultError ? asking.reserveWithRepair : asking.reserve;
  const isPaid = error !== null && mayHaveCost(error);
  const usage = isPaid ? unknownUsage : noUsage;
  const cost = turnCost(held, { usage, toldMicrosUsd: null }, null);
  const fact: TurnFact =
    error?.fault.code === 'cancelled'
      ? { type: 'turn.cancelled', ...asking.key.turn, ...cost }
      : abstention(asking.key.turn, reasonOf(error), cost);
  return await settle(deps, asking, { fact, content: null, tried: last?.tried ?? null });
}

/** A right that was taken back is no failure of the provider. */
function reasonOf(error: ProviderFaultError | null): AbstentionReason {
  return error?.fault.code === 'not-permitted' ? 'not-permitted' : 'provider-failed';
}

const silences: readonly ProviderFault['code'][] = [
  'cancelled',
  'timeout',
  'unreachable',
  'malformed',
];

/** A provider that refused a call has not worked; one that fell silent may have, and one that answered before has. */
export function mayHaveCost(error: ProviderFaultError): boolean {
  if (error instanceof RepairFaultError || error.fault.mayHaveCost === true) return true;
  return silences.includes(error.fault.code) && error.fault.isUnsent !== true;
}

/**
 * Unknown use or price counts against the budget with what was reserved for it. What a program says of its cost goes before the
 * price of its model: it knows of calls that its usage does not show.
 */
function turnCost(
  reserve: Asking['reserve'],
  { usage, toldMicrosUsd }: Pick<ModelAnswer, 'usage' | 'toldMicrosUsd'>,
  agent: Agent | null,
): TurnCost {
  const isFree = totalTokens(usage) === 0;
  const microsUsd = toldMicrosUsd ?? (isFree ? 0 : costOf(usage, agent?.price ?? null));
  const tokens = totalTokens(usage);
  if (tokens !== null && microsUsd !== null) return { usage, microsUsd };
  return {
    usage,
    microsUsd,
    charged: {
      tokens: tokens ?? reserve.tokens,
      microsUsd: microsUsd ?? reserve.microsUsd ?? 0,
    },
  };
}

async function settle(
  deps: AskingDeps,
  asking: Asking,
  ended: {
    readonly fact: TurnFact;
    readonly content: TurnContent | null;
    readonly tried: Try | null;
  },
): Promise<TurnFact> {
  const { fact, content, tried } = ended;
  const time = new Date(deps.now()).toISOString();
  const { key, source } = asking;
  const result = await keepUntilStored(() =>
    deps.turns.settle({ ...key, outcome: { fact, content }, tried, time, source }),
  );
  if (result.kind === 'taken') throw takenOver();
  if (result.kind !== 'settled' && content !== null) {
    log.warn('a paid answer came after its turn had ended', { ...key.turn, found: result.kind });
  }
  return result.fact;
}

async function withLongTextsStored(
  deps: AskingDeps,
  asking: Asking,
  said: SaidContent,
): Promise<SaidContent> {
  const [answer, rationale] = await Promise.all([
    storedText(deps, asking, said.answer),
    storedText(deps, asking, said.rationale),
  ]);
  return { ...said, answer, rationale };
}

async function storedText(deps: AskingDeps, asking: Asking, text: Text): Promise<Text> {
  if (typeof text !== 'string' || Buffer.byteLength(text) <= inlineBytesMax) return text;
  const bytes = new TextEncoder().encode(text);
  const { sha256 } = await deps.artifacts.put(asking.key.tenantId, bytes, textMediaType);
  return { artifact: sha256, bytes: bytes.byteLength };
}
