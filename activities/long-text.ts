import type { Text } from '../domain/ledger/event.ts';

/** A text that was too long for its event: the artifact that holds it. */
type LongText = Exclude<Text, string>;

/** Where long texts are kept. */
export interface LongTextDeps {
  readonly artifacts: { get(tenantId: string, sha256: string): Promise<Uint8Array> };
}

/** Tells whether a field of an event's content stands for a text that is kept elsewhere. */
export function isLongText(value: unknown): value is LongText {
  return (
    typeof value === 'object' &&
    value !== null &&
    'artifact' in value &&
    typeof value.artifact === 'string'
  );
}

/** Fetches a text that was too long for its event. */
export async function fetchLongText(
  deps: LongTextDeps,
  tenantId: string,
  sha256: string,
): Promise<string> {
  return new TextDecoder().decode(await deps.artifacts.get(tenantId, sha256));
}
