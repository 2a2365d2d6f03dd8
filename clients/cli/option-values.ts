import { InvalidArgumentError } from 'commander';

import { CommandError, exitUsage } from './exit.ts';

/** Collects an option that may be repeated. */
export function collected(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/**
 * Reads a number.
 *
 * @throws InvalidArgumentError for what is none
 */
export function numberOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('expected a number');
}

/**
 * Reads a time, and gives it as it was typed.
 *
 * @throws InvalidArgumentError for what is none
 */
export function timeOf(text: string): string {
  if (!Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError('expected a time as RFC 3339, for instance 2026-11-21T09:00:00Z');
}

/**
 * Reads `name=value`; the value may hold further `=`.
 *
 * @param text - as it was typed
 * @param said - for the message
 * @param said.flag - names the flag
 * @param said.expected - what should have been typed
 * @throws CommandError with the code for wrong usage where no name is
 */
export function pairIn(
  text: string,
  said: { readonly flag: string; readonly expected: string },
): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new CommandError(`${said.flag}: got "${text}", expected ${said.expected}`, exitUsage);
}
