import type { KeyedAnswer } from './reply.ts';

/** An option with the words by which a model names it. */
export interface LabelledOption extends KeyedAnswer {
  /** The option's own text, or `Option 3` where the text is long, of several lines or not unique. */
  readonly label: string;
}

/** Longest option that is its own label, characters; providers limit the length of an enum's values. */
export const labelCharactersMax = 200;

/** Gives each option the words that stand for it in schema and reply. */
export function labelledOptions(options: readonly KeyedAnswer[]): readonly LabelledOption[] {
  return options.map(({ key, text }, index) => {
    const isOwnLabel =
      text.length <= labelCharactersMax &&
      !/\p{Cc}|\u2028|\u2029/u.test(text) &&
      text.trim() !== '' &&
      options.every((other, place) => place === index || other.text !== text);
    return { key, text, label: isOwnLabel ? text : `Option ${index + 1}` };
  });
}
