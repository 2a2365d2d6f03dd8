/** Shortest value that is blotted out: what is shorter is everywhere. */
const secretCharactersMin = 6;

/**
 * Makes what blots secrets out of a text. A program that was given a key may print it, or ask for a host of that name; nothing
 * that is kept may hold it. What it disguises, by an encoding for instance, is not known.
 *
 * @param secrets - values that the program was given, or that its proxy holds
 */
export function blotter(secrets: readonly string[]): (text: string) => string {
  const long = secrets
    .filter((secret) => secret.length >= secretCharactersMin)
    .flatMap((secret) => [secret, secret.toLowerCase()]);
  return (text) => long.reduce((rest, secret) => rest.replaceAll(secret, '[blotted out]'), text);
}
