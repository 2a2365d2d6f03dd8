import { inlineBytesMax, type LedgerEvent, type Text } from '../domain/ledger/event.ts';
import type { ResolveText } from '../domain/ledger/run-reading.ts';

/** A text that was too long for its event: the artifact that holds it. */
type LongText = Exclude<Text, string>;

/** Where long texts are kept. */
export interface LongTextDeps {
  readonly artifacts: { get(tenantId: string, sha256: string): Promise<Uint8Array> };
}

/** Keeps texts elsewhere, under their hash and as {@link textMediaType}. */
export interface TextKeeper {
  putText(tenantId: string, text: string): Promise<LongText>;
}

/** Of every text that is kept elsewhere. */
export const textMediaType = 'text/plain; charset=utf-8';

/** Gives a text as an event holds it: in place, or kept elsewhere where it is too long. */
export async function shortOrKept(
  keeper: TextKeeper,
  tenantId: string,
  text: string,
): Promise<Text> {
  return Buffer.byteLength(text) <= inlineBytesMax ? text : await keeper.putText(tenantId, text);
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

/** Fetches the texts that were too long for these events, all at once. */
export async function longTexts(
  deps: LongTextDeps,
  tenantId: string,
  events: readonly LedgerEvent[],
): Promise<ResolveText> {
  const names = new Set(events.flatMap(({ data }) => longTextsIn(data['content'])));
  const texts = new Map(
    await Promise.all(
      [...names].map(
        async (sha256) => [sha256, await fetchLongText(deps, tenantId, sha256)] as const,
      ),
    ),
  );
  return ({ artifact }) => {
    const text = texts.get(artifact);
    if (text === undefined) throw new Error(`text ${artifact}: was not fetched`);
    return text;
  };
}

function longTextsIn(content: unknown): readonly string[] {
  if (typeof content !== 'object' || content === null) return [];
  return Object.values(content).flatMap((value) => (isLongText(value) ? [value.artifact] : []));
}
