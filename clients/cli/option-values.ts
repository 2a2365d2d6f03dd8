import { InvalidArgumentError } from 'commander';

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
