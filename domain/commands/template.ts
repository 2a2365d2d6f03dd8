/** `{{word}}`, which stands for `{word}` itself, or a placeholder. */
const braces = /\{\{[A-Za-z]+\}\}|\{[A-Za-z]+\}/g;

/**
 * Lists the placeholders of a template, each as often as it is there.
 *
 * @param template - a text with `{name}` where something is to stand; `{{name}}` is no placeholder
 */
export function placeholdersIn(template: string): readonly string[] {
  const found = template.match(braces) ?? [];
  return found.filter((each) => !each.startsWith('{{')).map((each) => each.slice(1, -1));
}

/**
 * Fills a template in one go: placeholders in what is filled in stay as they are.
 *
 * @param template - see {@link placeholdersIn}
 * @param values - by the names of placeholders; a placeholder without a value stays
 */
export function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(braces, (each) => {
    const inner = each.slice(1, -1);
    return each.startsWith('{{') ? inner : (values[inner] ?? each);
  });
}
