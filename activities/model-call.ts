import type { CommandTrace } from '../domain/commands/command-trace.ts';
import type { AbstentionReason, TurnTask } from '../domain/collaboration/fact.ts';
import { buildPrompt, buildRepair } from '../domain/prompts/build-prompt.ts';
import type { UnrepairedReason } from '../domain/ledger/event.ts';
import type { Prompt } from '../domain/prompts/material.ts';
import type { FinishReason, ModelConnector } from '../domain/providers/model-connector.ts';
import { addUsage, type Usage } from '../domain/providers/usage.ts';
import { readReply } from '../domain/replies/read-reply.ts';
import { replySchema } from '../domain/replies/reply-schema.ts';
import type { ParsedReply, ReadReply } from '../domain/replies/reply.ts';
import { ProviderFaultError } from './models/fault.ts';
import type { TurnBrief } from './turn-brief.ts';

/** One answer of a model, asked for at most twice. */
export interface ModelAnswer {
  readonly said:
    | { readonly ok: true; readonly reply: ParsedReply }
    | { readonly ok: false; readonly reason: AbstentionReason };
  readonly usage: Usage;
  /** What it cost by the word of who answered, whole micro-dollars; `null` where that says nothing of a call. */
  readonly toldMicrosUsd: number | null;
  readonly model: string;
  readonly finish: FinishReason;
  /** Traces of the programs that were run for it, in order; none where a model was asked by HTTP. */
  readonly commands: readonly CommandTrace[];
  /** What was wrong with the first reply; `null` when nothing was. */
  readonly repaired: string | null;
  /** Why nothing usable was not asked for again; absent where nothing forbade it. */
  readonly unrepaired?: UnrepairedReason;
  readonly promptSha256: string;
  readonly leftOut: readonly string[];
}

/** What a call needs. */
export interface ModelCallInput {
  readonly task: TurnTask;
  readonly brief: TurnBrief;
  readonly connector: ModelConnector;
  readonly maxOutputTokens: number;
  readonly signal: AbortSignal;
  readonly onText?: (text: string) => void;
  readonly reserveRepair: ReserveRepair;
}

/** Reserves the second call, which is not made unless it is `extended`: the budget has no room, or nobody waits for it. */
export type ReserveRepair = () => Promise<'extended' | 'no-room' | 'over'>;

/** A second call failed: the first one was answered, and is paid. */
export class RepairFaultError extends ProviderFaultError {}

/**
 * Asks a model, and once more with the fault named when its reply is not what was asked. Where that may not be done any more, the
 * first reply is all that there is.
 *
 * @throws ProviderFaultError as the connector does; for the second call it is a {@link RepairFaultError}
 */
export async function callModel(input: ModelCallInput): Promise<ModelAnswer> {
  const prompt = buildPrompt(input.task, input.brief.material);
  const first = await send(input, prompt);
  const promptSha256 = input.brief.context.sha256(JSON.stringify([prompt.system, prompt.parts]));
  const about = { promptSha256, leftOut: prompt.leftOut };
  const asItCame = { ...about, ...first.answer, said: saidBy(first.read), repaired: null };
  if (first.read.ok || !first.read.isRepairable) return asItCame;
  const room = await input.reserveRepair();
  if (room === 'no-room') return { ...asItCame, unrepaired: 'budget' };
  if (room === 'over') return asItCame;
  const { instruction } = first.read;
  const second = await sendAgain(input, buildRepair(prompt, { reply: first.text, instruction }));
  if (second === 'not-permitted') return { ...asItCame, unrepaired: second };
  return {
    ...about,
    ...second.answer,
    usage: addUsage(first.answer.usage, second.answer.usage),
    toldMicrosUsd: addTold(first.answer, second.answer),
    commands: [...first.answer.commands, ...second.answer.commands],
    said: saidBy(second.read),
    repaired: instruction,
  };
}

interface Sent {
  readonly text: string;
  readonly read: ReadReply;
  readonly answer: Pick<ModelAnswer, 'usage' | 'toldMicrosUsd' | 'model' | 'finish' | 'commands'>;
}

function addTold(one: Sent['answer'], other: Sent['answer']): number | null {
  const { toldMicrosUsd } = one;
  if (toldMicrosUsd === null || other.toldMicrosUsd === null) return null;
  return toldMicrosUsd + other.toldMicrosUsd;
}

async function sendAgain(
  input: ModelCallInput,
  prompt: Prompt,
): Promise<Sent | Extract<UnrepairedReason, 'not-permitted'>> {
  try {
    return await send(input, prompt);
  } catch (error) {
    if (!(error instanceof ProviderFaultError)) throw error;
    // Nothing was begun, and the first call is paid: it must not be charged with what the second might have cost.
    if (error.fault.code === 'not-permitted') return 'not-permitted';
    throw new RepairFaultError(error.fault, { cause: error });
  }
}

async function send(input: ModelCallInput, prompt: Prompt): Promise<Sent> {
  const { task, brief, connector } = input;
  const { text, usage, model, finish, costMicrosUsd, command } = await connector.ask({
    system: prompt.system,
    parts: prompt.parts,
    schema: replySchema(task, brief.context),
    maxOutputTokens: input.maxOutputTokens,
    signal: input.signal,
    ...(input.onText === undefined ? {} : { onText: input.onText }),
  });
  const read = readReply(task, text, finish, brief.context);
  const toldMicrosUsd = costMicrosUsd ?? null;
  const commands = command === undefined ? [] : [command];
  return { text, read, answer: { usage, toldMicrosUsd, model, finish, commands } };
}

function saidBy(read: ReadReply): ModelAnswer['said'] {
  return read.ok ? { ok: true, reply: read.reply } : { ok: false, reason: read.fault };
}
