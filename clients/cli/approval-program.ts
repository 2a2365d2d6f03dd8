import type { Command } from 'commander';

import { approvalPoints, approvalStates } from '../../domain/approvals/approval-terms.ts';
import {
  answerInWords,
  answerPlainly,
  listApprovals,
  type AnswerOptions,
} from './approval-commands.ts';
import type { CommandContext } from './commands.ts';

/** How a command that speaks to the API is made, and what it works with. */
export interface ApprovalSurroundings<Options> {
  readonly connected: (command: Command) => Command;
  readonly contextOf: (options: Options) => CommandContext;
}

/** Adds the commands with which people answer what runs ask them. */
export function addApprovals<Options>(
  program: Command,
  { connected, contextOf }: ApprovalSurroundings<Options>,
): void {
  connected(program.command('approvals').description('list what people are asked, newest first'))
    .option('--state <state>', `all, or ${approvalStates.join(', ')}`, 'pending')
    .option('--point <point>', `only at ${approvalPoints.join(', ')}`)
    .option('--collaboration <id>', 'only of this run')
    .option('--limit <n>', 'how many')
    .option('--cursor <next>', 'go on after a page')
    .action(async (options: Options & Readonly<Record<string, string | undefined>>) => {
      const { state, point, collaboration, limit, cursor } = options;
      await listApprovals(contextOf(options), { state, point, collaboration, limit, cursor });
    });
  const plain = [
    ['approve', 'approve: go on, or let the decision hold'],
    ['reject', 'reject: stop, or let there be no decision'],
    ['skip', 'go on without a reply to a question'],
  ] as const;
  for (const [answer, description] of plain) {
    answering(connected(program.command(`${answer} <approval>`).description(description))).action(
      async (id: string, options: Options & AnswerOptions) => {
        await answerPlainly(contextOf(options), id, answer, options);
      },
    );
  }
  answering(
    connected(
      program
        .command('answer <approval> <words>')
        .description('reply to a question, decide otherwise, or tell a gate: done or debate'),
    ),
  ).action(async (id: string, words: string, options: Options & AnswerOptions) => {
    await answerInWords(contextOf(options), id, words, options);
  });
}

function answering(command: Command): Command {
  return command
    .option('--comment <text>', 'kept beside the answer')
    .option('--remember', 'after a round: holds after later rounds of this run too');
}
