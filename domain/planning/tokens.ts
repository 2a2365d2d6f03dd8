/** Bytes of text per token, on the safe side: English has about four, code and other scripts fewer. */
const bytesPerToken = 3;

/**
 * Estimates the tokens of a text from its size; rather too many than too few.
 *
 * @param bytes - size of the text in UTF-8
 */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

/** Estimates the tokens of a text; see {@link tokensOfBytes}. */
export function tokensOf(text: string): number {
  return tokensOfBytes(bytesOf(text));
}

/** Counts the bytes of a text in UTF-8. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
