import type { SandboxStatus } from '../sandbox/run.ts';
import { asksQuestion } from './asked-question.ts';
import { readClaudeOutput } from './claude-output.ts';
import { readCodexOutput } from './codex-output.ts';
import { commandFailure } from './command-output.ts';
import type {
  CommandFailure,
  CommandFailureReason,
  CommandOutcome,
  CommandOutput,
} from './command-output.ts';
import { readJsonOutput, readTextOutput } from './described-output.ts';
import { readGeminiOutput } from './gemini-output.ts';
import { readOpencodeOutput } from './opencode-output.ts';
import type { OutputFormat } from './output-format.ts';

/** What shells add to the number of the signal that ended a program. */
const signalsFrom = 128;

/** Longest answer that is taken, characters; far beyond what any model gives. */
export const answerCharactersMax = 4_000_000;

/**
 * Turns what a program left behind into its answer, or into the reason why there is none. Never throws, whatever came.
 *
 * What is on standard error is no failure by itself, and neither are lines that are not JSON before, between and after those that
 * are. A program that ends with another exit code than 0 has failed, whatever it printed.
 */
export function readCommandOutput(format: OutputFormat, output: CommandOutput): CommandOutcome {
  const stopped = stoppedBy(output);
  if (stopped !== null) return orQuestion(stopped, output);
  const read = readAs(format, output);
  if (output.status === 'ok') {
    if (read.kind === 'failed') return orQuestion({ ...read, exitCode: output.exitCode }, output);
    return read.text.length > answerCharactersMax ? tooLong() : read;
  }
  // Some end with an exit code because their model refused; that is an answer.
  if (read.kind === 'answered' && read.finish === 'refusal') return read;
  const { exitCode } = output;
  if (read.kind === 'failed' && read.reason === 'reported-error') return { ...read, exitCode };
  const { usage, costMicrosUsd } = read;
  if (exitCode === null || exitCode > signalsFrom) {
    const message = 'a signal ended the program';
    return commandFailure('ended-by-signal', message, { exitCode, usage, costMicrosUsd });
  }
  const message = `the program ended with the exit code ${String(exitCode)}`;
  const failure = commandFailure('exit-code', message, { exitCode, usage, costMicrosUsd });
  return orQuestion(failure, output);
}

function readAs(format: OutputFormat, output: CommandOutput): CommandOutcome {
  switch (format.kind) {
    case 'claude':
      return readClaudeOutput(output);
    case 'gemini':
      return readGeminiOutput(output);
    case 'codex':
      return readCodexOutput(output);
    case 'opencode':
      return readOpencodeOutput(output);
    case 'text':
      return readTextOutput(output);
    case 'json':
      return readJsonOutput(output, format);
  }
}

/** What ended a program before it came to its end; the other statuses say that it did. */
const stops: Readonly<
  Partial<Record<SandboxStatus, readonly [reason: CommandFailureReason, message: string]>>
> = {
  timeout: ['time-limit', 'the program did not end within its time'],
  memory: ['memory-limit', 'the program used more memory than it may'],
  disk: ['disk-limit', 'the program wrote more than it may'],
  output: ['output-limit', 'the program printed more than it may'],
  fuel: ['time-limit', 'the program did not end within its fuel'],
  killed: ['cancelled', 'the program was stopped'],
};

function stoppedBy({ status, reason, isTruncated }: CommandOutput): CommandFailure | null {
  // The sandbox's own words, which hold nothing of the program's.
  if (status === 'refused') return commandFailure('refused', `the program was not run: ${reason}`);
  const stop = stops[isTruncated && status === 'ok' ? 'output' : status];
  return stop === undefined ? null : commandFailure(...stop);
}

/** Limits that a program meets while it waits for a person. */
const waiting: readonly CommandFailureReason[] = [
  'time-limit',
  'exit-code',
  'no-output',
  'unreadable-output',
  'no-answer',
];

function orQuestion(failure: CommandFailure, output: CommandOutput): CommandFailure {
  if (!waiting.includes(failure.reason) || !asksQuestion(output)) return failure;
  const message = 'the program asks a person something; nobody is there to answer';
  return { ...failure, reason: 'asked-question', message };
}

function tooLong(): CommandFailure {
  const most = String(answerCharactersMax);
  return commandFailure('output-limit', `the answer is longer than ${most} characters`);
}
