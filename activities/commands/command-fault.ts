import type { CommandFailure, CommandFailureReason } from '../../domain/commands/command-output.ts';
import type { CommandTrace } from '../../domain/commands/command-trace.ts';
import type { ProviderFault } from '../../domain/providers/model-connector.ts';
import { localFault, ProviderFaultError, sortFault } from '../models/fault.ts';

/** What a command connector rejects with once its program has run. */
export class CommandFaultError extends ProviderFaultError {
  readonly failure: CommandFailure;
  readonly trace: CommandTrace;

  constructor(failure: CommandFailure, trace: CommandTrace) {
    super(faultOfFailure(failure));
    this.name = 'CommandFaultError';
    this.failure = failure;
    this.trace = trace;
  }
}

type Treatment = Pick<ProviderFault, 'code' | 'disposition'>;

const never = { disposition: 'never' } as const;
const again = { disposition: 'retry-now' } as const;

/** How each reason is treated; what depends on more than the reason is in {@link treatmentOf}. */
const treatments: Readonly<Record<CommandFailureReason, Treatment>> = {
  'time-limit': { code: 'timeout', ...again },
  'memory-limit': { code: 'malformed', ...never },
  'disk-limit': { code: 'malformed', ...never },
  'output-limit': { code: 'malformed', ...never },
  cancelled: { code: 'cancelled', ...never },
  refused: { code: 'bad-request', ...never },
  'exit-code': { code: 'server-error', ...again },
  'ended-by-signal': { code: 'server-error', ...again },
  'asked-question': { code: 'bad-request', ...never },
  'no-output': { code: 'malformed', ...again },
  'half-output': { code: 'malformed', ...again },
  'unreadable-output': { code: 'malformed', ...never },
  'no-answer': { code: 'malformed', ...again },
  'reported-error': { code: 'server-error', ...never },
};

/** By an old custom: the arguments were wrong (also `sysexits.h`), the program cannot be run, is not there. */
const exitCodes: Readonly<Record<number, Treatment>> = {
  2: { code: 'bad-request', ...never },
  64: { code: 'bad-request', ...never },
  126: { code: 'not-found', ...never },
  127: { code: 'not-found', ...never },
};

/** Sorts a program's failure into what to do about it. Whatever has run may have been paid. */
export function faultOfFailure(failure: CommandFailure): ProviderFault {
  const { httpStatus, usage } = failure;
  const isCounted = usage.inputTokens !== null || usage.outputTokens !== null;
  if (httpStatus !== null) {
    const fault = sortFault({ statusCode: httpStatus }, 0);
    const message = failure.message;
    return isCounted ? { ...fault, message, mayHaveCost: true } : { ...fault, message };
  }
  const fault = {
    ...treatmentOf(failure),
    message: failure.message,
    status: null,
    retryAfterMs: null,
  };
  const hasNotRun = failure.reason === 'refused' || fault.code === 'not-found';
  return hasNotRun ? { ...fault, isUnsent: true } : { ...fault, mayHaveCost: true };
}

function treatmentOf({ reason, exitCode, isPassing }: CommandFailure): Treatment {
  if (reason === 'exit-code') return exitCodes[exitCode ?? 1] ?? treatments[reason];
  if (reason === 'reported-error' && isPassing) return { code: 'server-error', ...again };
  return treatments[reason];
}

/**
 * Makes a fault of this machine: another try, here or on another one, may go better.
 *
 * @param message - for people
 * @param paid - whether the provider can have had the call
 * @param cause - what failed
 */
export function passingFault(
  message: string,
  paid: Pick<ProviderFault, 'isUnsent' | 'mayHaveCost'>,
  cause?: unknown,
): ProviderFaultError {
  const unknown = { ...localFault('unknown', message), ...paid };
  return new ProviderFaultError({ ...unknown, disposition: 'retry-now' }, { cause });
}
