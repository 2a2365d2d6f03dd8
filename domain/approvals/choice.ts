import type { RunState } from '../collaboration/run-state.ts';
import type { Sha256 } from '../ledger/event.ts';
import { shown, type Fault } from '../planning/fault.ts';
import { answerKey } from '../replies/answer-key.ts';

/** The answer that a person decides for, or why it is none. */
export type ChosenByPerson =
  | { readonly ok: true; readonly key: string; readonly words: string }
  | { readonly ok: false; readonly fault: Fault };

/** What a person's words are held against. */
export interface ChoiceSource {
  readonly state: Pick<RunState, 'optionKeys' | 'plan'>;
  readonly wordsOf: (key: string) => string;
  readonly sha256: Sha256;
}

/**
 * Finds the answer that a person means: one of the options, by its words or its key, or, where answers are open, any text.
 *
 * @param said - the person's words
 * @param source - what they are held against
 * @param source.state - the run
 * @param source.wordsOf - gives the words of a key
 * @param source.sha256 - computes hashes
 */
export function choiceOfPerson(
  said: string,
  { state, wordsOf, sha256 }: ChoiceSource,
): ChosenByPerson {
  const { optionKeys, plan } = state;
  const words = said.trim();
  if (optionKeys.length === 0) {
    return { ok: true, key: answerKey(words, plan.grouping, sha256), words };
  }
  const key = optionKeys.find((option) => wordsOf(option).trim() === words || option === words);
  if (key !== undefined) return { ok: true, key, words: wordsOf(key) };
  const listed = optionKeys.map((option) => shown(wordsOf(option))).join(', ');
  return {
    ok: false,
    fault: { field: 'choice', got: shown(said), expected: `one of ${listed}` },
  };
}
