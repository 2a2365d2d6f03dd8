import { faultsOf } from '../../domain/collaboration/request-schema.ts';
import type { Fault } from '../../domain/planning/fault.ts';
import { changesSchema, type Changes } from '../../domain/replay/changes.ts';
import { CommandError, exitUsage } from './exit.ts';
import { pairIn } from './option-values.ts';
import { gateOf, numberIn, protocolOf } from './start-request.ts';

/** What was said about a what-if on the command line. */
export interface WhatIfOptions {
  readonly protocol?: string;
  readonly quorum?: number;
  /** `seat=weight`, one for each. */
  readonly weight?: readonly string[];
  readonly withoutAgent?: readonly string[];
  readonly rounds?: number;
  readonly stopOnStability?: boolean;
  readonly gate?: string;
}

/**
 * Makes the changes of a what-if.
 *
 * @throws CommandError with the code for wrong usage for what cannot be read
 */
export function changesOf(options: WhatIfOptions): Changes {
  const { protocol, quorum, weight, withoutAgent, rounds, stopOnStability, gate } = options;
  const body: Readonly<Record<string, unknown>> = {
    ...(protocol === undefined ? {} : { protocol: protocolOf(protocol) }),
    ...(quorum === undefined ? {} : { quorum }),
    ...(weight === undefined ? {} : { weights: Object.fromEntries(weight.map(weightOf)) }),
    ...(withoutAgent === undefined ? {} : { without: withoutAgent }),
    ...(rounds === undefined ? {} : { rounds }),
    ...(stopOnStability === undefined ? {} : { stopOnStability }),
    ...(gate === undefined ? {} : { gate: gateOf(gate) }),
  };
  const parsed = changesSchema.safeParse(body);
  if (!parsed.success) throw refusal(faultsOf(parsed.error, body));
  return parsed.data;
}

/** Makes the error for changes that cannot be asked of a record. */
export function refusal(faults: readonly Fault[]): CommandError {
  const lines = faults.map(
    ({ field, got, expected }) => `${field}: got ${got}, expected ${expected}`,
  );
  return new CommandError(lines.join('\n  '), exitUsage);
}

function weightOf(text: string): readonly [string, number] {
  const [seat, weight] = pairIn(text, { flag: '--weight', expected: 'seat=weight' });
  return [seat, numberIn(weight, `--weight ${text}`)];
}
