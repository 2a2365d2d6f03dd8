/** What a finished collaboration answers: keys and ids, the words are in the record. */
export interface Outcome {
  readonly kind: 'decided' | 'no-decision';
  readonly answer: string | null;
  readonly record: string;
}
