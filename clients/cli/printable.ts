/**
 * Makes a text of anybody's safe to show: models, programs and people of other tenants wrote it, and a control character in it
 * would steer the terminal. Ends of lines, of any system, and tabs stay; all others become U+FFFD.
 *
 * @param text - of any length
 */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/[^\P{Cc}\n\t]/gu, '\uFFFD');
}

/** Writes a value as JSON of several lines, for people and programs. */
export function pretty(value: unknown): string {
  return escaped(JSON.stringify(value, undefined, 2));
}

/** Writes a value as JSON of one line. */
export function jsonLine(value: unknown): string {
  return escaped(JSON.stringify(value));
}

/** JSON may hold control characters above U+007E as they are; written as escapes they say the same and steer nothing. */
function escaped(json: string): string {
  return json.replace(
    /[\u007F-\u009F]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
