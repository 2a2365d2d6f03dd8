/**
 * Compares two texts by their code points, the same in every locale.
 *
 * The comparison operators of the language go by UTF-16 units, which puts a character beyond U+FFFF
 * before some that are smaller.
 */
export function compareCodePoints(left: string, right: string): number {
  if (left === right) return 0;
  const rights = Array.from(right);
  for (const [index, character] of Array.from(left).entries()) {
    const other = rights[index];
    if (other === undefined) return 1;
    if (character !== other) return Number(character.codePointAt(0)) - Number(other.codePointAt(0));
  }
  return -1;
}
