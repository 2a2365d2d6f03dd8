/** Something a person has to mend before the stack can run; its message says what and how. */
export class StackFault extends Error {
  override readonly name = 'StackFault';
}
