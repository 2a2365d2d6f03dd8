import type { CommandOutput } from './command-output.ts';

/** How much of the end of an output is looked at, characters. */
const tailCharacters = 400;

/** `[y/N]`, `(yes/no)`, `[Y/n/a]`, with nothing but a colon, a mark or spaces after it. */
const choice = /[[(](y(es)?\/n(o)?|n(o)?\/y(es)?)(\/\w+)*[\])]\s*[:?>]?\s*$/i;

/** Words with which programs wait for a person. */
const waits = /(password|passphrase|passcode|press (enter|return|any key)[^\n]*)\s*[:.…]?\s*$/i;

/**
 * Says whether a program that gave no answer seems to wait for a person: its last line is a choice, asks for a password or a
 * key, or is a question after which no line ends.
 */
export function asksQuestion({
  stdout,
  stderr,
}: Pick<CommandOutput, 'stdout' | 'stderr'>): boolean {
  return [stdout, stderr].some((text) => {
    const tail = text.slice(-tailCharacters);
    const said = tail.trimEnd();
    const line = said.slice(said.lastIndexOf('\n') + 1);
    const isOpenQuestion = /\?\s*$/.test(line) && !tail.endsWith('\n');
    return choice.test(line) || waits.test(line) || isOpenQuestion;
  });
}
