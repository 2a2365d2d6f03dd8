/** Control characters but tabs and ends of lines, of any system; and what turns the direction of the text after it. */
const steering = /[^\P{Cc}\n\t\r]|\r(?!\n)|[\u202A-\u202E\u2066-\u2069]/gu;

/** Those of them that JSON may hold as they are. */
const steeringInJson = /[\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g;

/**
 * Makes a text of anybody's safe to show: models, programs and people of other tenants wrote it, and some characters in it would
 * steer the terminal or turn what it shows. They become U+FFFD.
 *
 * @param text - of any length
 */
export function printable(text: string): string {
  return text.replace(steering, '\uFFFD');
}

/** Writes a value as JSON of several lines, for people and programs. */
export function pretty(value: unknown): string {
  return safeJson(JSON.stringify(value, undefined, 2));
}

/** Writes a value as JSON of one line. */
export function jsonLine(value: unknown): string {
  return safeJson(JSON.stringify(value));
}

/**
 * Writes JSON so that it says the same and steers nothing.
 *
 * @param json - that came from elsewhere
 */
export function safeJson(json: string): string {
  return json.replace(
    steeringInJson,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
