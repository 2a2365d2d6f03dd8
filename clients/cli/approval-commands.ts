import type { ApprovalAnswer } from '../../domain/approvals/approval-terms.ts';
import type { CommandContext } from './commands.ts';
import { CommandError, exitUsage } from './exit.ts';
import { pretty } from './printable.ts';
import { shortened, table } from './rendering.ts';

const path = '/v1/approvals';

/** An approval as the API answers it, as far as the command line shows it. */
export interface ShownApproval {
  readonly id: string;
  readonly point: string;
  readonly state: string;
  readonly question: string;
  readonly answers: readonly ApprovalAnswer[];
  readonly expiresAt: string;
  readonly by: string | null;
  readonly answer: string | null;
  readonly choice: string | null;
}

/** What somebody answers, and how. */
export interface AnswerOptions {
  readonly comment?: string;
  readonly remember?: boolean;
}

/** Lists what people are asked; what still waits for an answer, unless told otherwise. */
export async function listApprovals(
  { client, printer, json }: CommandContext,
  filters: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const given = Object.entries(filters).flatMap(([name, value]) =>
    value === undefined || value === 'all' ? [] : [[name, value] as [string, string]],
  );
  const answer = await client.json({ path: `${path}?${new URLSearchParams(given).toString()}` });
  if (json) {
    printer.print(pretty(answer));
    return;
  }
  const { items, next } = answer as {
    readonly items: readonly ShownApproval[];
    readonly next: string | null;
  };
  printer.print(items.length === 0 ? 'none' : table(items.map(approvalRow)));
  if (next !== null) printer.note(`more with --cursor ${next}`);
}

function approvalRow(approval: ShownApproval): readonly string[] {
  const { id, state, answers, question, expiresAt } = approval;
  const outcome =
    state === 'pending' ? `${answers.join('|')} until ${expiresAt}` : settled(approval);
  return [id, state, outcome, shortened(question)];
}

function settled({ by, answer, choice }: ShownApproval): string {
  if (answer === null) return '-';
  return `${answer}${choice === null ? '' : ` "${shortened(choice)}"`}${by === null ? '' : ` by ${by}`}`;
}

/** Sends one of the plain answers. */
export async function answerPlainly(
  context: CommandContext,
  id: string,
  answer: ApprovalAnswer,
  options: AnswerOptions,
): Promise<void> {
  await send(context, id, { answer, ...given(options) });
}

/**
 * Answers in words: a gate by `done` or `debate`, a question by its reply, a decision by the answer that shall hold instead.
 *
 * @throws CommandError with the code for wrong usage where the approval takes no words
 */
export async function answerInWords(
  context: CommandContext,
  id: string,
  words: string,
  options: AnswerOptions,
): Promise<void> {
  const approval = (await context.client.json({ path: pathOf(id) })) as ShownApproval;
  const plain =
    approval.point === 'gate' ? approval.answers.find((one) => one === words) : undefined;
  if (plain !== undefined) {
    await answerPlainly(context, id, plain, options);
    return;
  }
  const answer = approval.answers.find((one) => one === 'reply' || one === 'edit');
  if (answer === undefined) {
    const expected = `one of ${approval.answers.join(', ')}`;
    throw new CommandError(`answer: got "${words}", expected ${expected}`, exitUsage);
  }
  await send(context, id, { answer, choice: words, ...given(options) });
}

function given({ comment, remember }: AnswerOptions): Readonly<Record<string, unknown>> {
  return {
    ...(comment === undefined ? {} : { comment }),
    ...(remember === true ? { remember } : {}),
  };
}

async function send(
  { client, printer, json }: CommandContext,
  id: string,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  const answer = await client.json({ method: 'POST', path: pathOf(id), body });
  const shown = answer as ShownApproval;
  printer.print(json ? pretty(answer) : `${shown.id}  ${shown.state}  ${settled(shown)}`);
}

function pathOf(id: string): string {
  return `${path}/${encodeURIComponent(id)}`;
}
