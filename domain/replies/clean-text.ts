/** Stands at the end of a text that was cut. */
export const cutMark = ' […]';

/**
 * Makes a text storable: NUL goes, since Postgres takes none, and a lone surrogate becomes U+FFFD,
 * since UTF-8 has no form for it. Everything else stays.
 */
export function cleanText(text: string): string {
  return text.replaceAll('\u0000', '').replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** Cuts a text to so many characters, the mark included, and never inside a surrogate pair. */
export function cutText(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const kept = text.slice(0, charactersMax - cutMark.length);
  return kept.replace(/[\uD800-\uDBFF]$/, '') + cutMark;
}
