const encoder = new TextEncoder();

/**
 * UTF-8 bytes per token. Four is the rule of thumb that OpenAI gives for English; code and other
 * languages come out denser, by up to a factor of two.
 */
const BYTES_PER_TOKEN = 4;

/** What an image is taken to cost: a megapixel at Anthropic (width x height / 750); the others charge less. */
export const imageTokens = 1400;

/** Estimates the tokens of a text, rounded up. It is for planning: what a call cost is what the provider says. */
export function estimateTokens(text: string): number {
  return Math.ceil(utf8Bytes(text) / BYTES_PER_TOKEN);
}

/** Gives how many UTF-8 bytes that many tokens are taken to be. */
export function bytesOfTokens(tokens: number): number {
  return tokens * BYTES_PER_TOKEN;
}

/** Counts the UTF-8 bytes of a text; a lone surrogate counts 3, as what replaces it. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes, every other unit from U+0800 on is one and three.
    bytes += unit < 0x800 || isPairAt(text, index) ? 1 : 2;
    if (isPairAt(text, index)) {
      index += 1;
      bytes += 1;
    }
  }
  return bytes;
}

/** Gives the longest beginning of a text that has at most so many UTF-8 bytes and cuts no character. */
export function cutUtf8(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, Math.floor(bytesMax))));
  return text.slice(0, read);
}

function isPairAt(text: string, index: number): boolean {
  return (
    (text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00
  );
}
