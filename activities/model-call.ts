import type { AbstentionReason, TurnTask } from '../domain/collaboration/fact.ts';
import { buildPrompt, buildRepair } from '../domain/prompts/build-prompt.ts';
import type { Prompt } from '../domain/prompts/material.ts';
import type { FinishReason, ModelConnector } from '../domain/providers/model-connector.ts';
import { addUsage, type Usage } from '../domain/providers/usage.ts';
import { readReply } from '../domain/replies/read-reply.ts';
import { replySchema } from '../domain/replies/reply-schema.ts';
import type { ParsedReply, ReadReply } from '../domain/replies/reply.ts';
import type { TurnBrief } from './turn-brief.ts';

/** One answer of a model, asked for at most twice. */
export interface ModelAnswer {
  readonly said:
    | { readonly ok: true; readonly reply: ParsedReply }
    | { readonly ok: false; readonly reason: AbstentionReason };
  readonly usage: Usage;
  readonly model: string;
  readonly finish: FinishReason;
  /** What was wrong with the first reply; `null` when nothing was. */
  readonly repaired: string | null;
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
}

/**
 * Asks a model, and once more with the fault named when its reply is not what was asked.
 *
 * @throws ProviderFaultError as the connector does
 */
export async function callModel(input: ModelCallInput): Promise<ModelAnswer> {
  const prompt = buildPrompt(input.task, input.brief.material);
  const first = await send(input, prompt);
  const promptSha256 = input.brief.context.sha256(JSON.stringify([prompt.system, prompt.parts]));
  const about = { promptSha256, leftOut: prompt.leftOut };
  if (first.read.ok || !first.read.isRepairable) {
    return { ...about, ...first.answer, said: saidBy(first.read), repaired: null };
  }
  const { instruction } = first.read;
  const second = await send(input, buildRepair(prompt, { reply: first.text, instruction }));
  return {
    ...about,
    ...second.answer,
    usage: addUsage(first.answer.usage, second.answer.usage),
    said: saidBy(second.read),
    repaired: instruction,
  };
}

async function send(
  input: ModelCallInput,
  prompt: Prompt,
): Promise<{
  readonly text: string;
  readonly read: ReadReply;
  readonly answer: Pick<ModelAnswer, 'usage' | 'model' | 'finish'>;
}> {
  const { task, brief, connector } = input;
  const { text, usage, model, finish } = await connector.ask({
    system: prompt.system,
    parts: prompt.parts,
    schema: replySchema(task, brief.context),
    maxOutputTokens: input.maxOutputTokens,
    signal: input.signal,
    ...(input.onText === undefined ? {} : { onText: input.onText }),
  });
  const read = readReply(task, text, finish, brief.context);
  return { text, read, answer: { usage, model, finish } };
}

function saidBy(read: ReadReply): ModelAnswer['said'] {
  return read.ok ? { ok: true, reply: read.reply } : { ok: false, reason: read.fault };
}
