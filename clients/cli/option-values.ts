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
