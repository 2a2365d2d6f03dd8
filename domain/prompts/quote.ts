/** Begins every line of quoted text, and no other line. */
export const quoteMark = '> ';

/** Every character after which a reader could see a new line (Unicode, section 5.8). */
const LINE_BREAKS = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/g;

/** Marks that turn the direction of text round, and with it what a line seems to begin with. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * Quotes text of others: each of its lines begins with `> `, so that no text can close its own quotation,
 * whatever it contains. A line of a prompt without the mark is ours.
 */
export function quoted(text: string): string {
  return text
    .replace(TURNING, '')
    .split(LINE_BREAKS)
    .map((line) => quoteMark + line)
    .join('\n');
}

/** Puts a short text of others, such as a file's name, into one of our own lines. */
export function quotedInline(text: string): string {
  return JSON.stringify(text.replace(TURNING, '').replace(LINE_BREAKS, ' '));
}
