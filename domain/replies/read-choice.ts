import type { Choice } from '../protocols/protocol.ts';
import { choiceKindOf } from '../protocols/validity.ts';
import { answerKey } from './answer-key.ts';
import { labelledOptions } from './option-labels.ts';
import type { LabelledOption } from './option-labels.ts';
import { faulty, fieldOf, listed, optionIn, optionsIn, textOf, textsOf } from './reply-fields.ts';
import type { Fields, Reading } from './reply-fields.ts';
import { hasVetoes } from './reply-schema.ts';
import type { KeyedAnswer, ReplyContext } from './reply.ts';
import { answerCharactersMax, nominationCharactersMax, nominationsMax } from './reply-limits.ts';

/** A choice with the words of everything it names. */
export interface ChosenAnswers {
  readonly choice: Choice;
  readonly answers: readonly KeyedAnswer[];
  readonly answer: string;
}

/** Reads what a position chooses, as the protocol counts it. */
export function choiceOf(fields: Fields, context: ReplyContext): Reading<ChosenAnswers> {
  const options = labelledOptions(context.options);
  if (options.length === 0) return openAnswer(fields, context);
  switch (choiceKindOf(context.protocol)) {
    case 'single':
      return optionNamed(fields, options);
    case 'approve':
      return approvedOptions(fields, options);
    case 'rank':
      return rankedOptions(fields, options);
  }
}

/** Reads the one option that `answer` names. */
export function optionNamed(
  fields: Fields,
  options: readonly LabelledOption[],
): Reading<ChosenAnswers> {
  const said = fieldOf(fields, 'answer');
  const option = optionIn(options, textOf(said));
  if (option !== undefined) return chosenOne(option);
  return faulty('invalid-answer', {
    field: 'answer',
    got: said,
    expected: `one of ${listed(options.map(({ label }) => label))}`,
  });
}

/** Reads the options that a seat nominates; equal ones count once, what is over the most is dropped. */
export function nominatedOptions(fields: Fields, context: ReplyContext): Reading<ChosenAnswers> {
  const said = textsOf(fieldOf(fields, 'options'));
  const long = said.find((text) => text.length > nominationCharactersMax || /[\r\n]/.test(text));
  if (said.length === 0 || long !== undefined) {
    return faulty('invalid-answer', {
      field: 'options',
      got: long ?? fieldOf(fields, 'options'),
      expected: `1 to ${nominationsMax} single lines of at most ${nominationCharactersMax} characters`,
    });
  }
  const keyed = said.map((text) => ({
    key: answerKey(text, context.grouping, context.sha256),
    text,
  }));
  return chosenList('approve', firstOfEach(keyed).slice(0, nominationsMax));
}

/** Reads the options that a ballot excludes; none of them may be the one it chooses. */
export function vetoesOf(
  fields: Fields,
  context: ReplyContext,
  chosenKeys: readonly string[],
): Reading<readonly string[]> {
  if (!hasVetoes(context)) return { ok: true, value: [] };
  const read = optionsIn(fields, 'vetoes', labelledOptions(context.options));
  if (!read.ok) return read;
  const own = read.value.find(({ key }) => chosenKeys.includes(key));
  if (own !== undefined) {
    return faulty('invalid-answer', {
      field: 'vetoes',
      got: own.label,
      expected: 'no option that is also the answer',
    });
  }
  return { ok: true, value: firstOfEach(read.value).map(({ key }) => key) };
}

function openAnswer(fields: Fields, context: ReplyContext): Reading<ChosenAnswers> {
  const said = fieldOf(fields, 'answer');
  const text = textOf(said);
  if (text === '') {
    return faulty('invalid-answer', { field: 'answer', got: said, expected: 'an answer in words' });
  }
  if (text.length > answerCharactersMax) {
    return faulty('invalid-answer', {
      field: 'answer',
      got: text.length,
      expected: `at most ${answerCharactersMax} characters`,
    });
  }
  return chosenOne({ key: answerKey(text, context.grouping, context.sha256), text });
}

function approvedOptions(
  fields: Fields,
  options: readonly LabelledOption[],
): Reading<ChosenAnswers> {
  const read = optionsIn(fields, 'approved', options);
  if (!read.ok) return read;
  if (read.value.length > 0) return chosenList('approve', firstOfEach(read.value));
  return faulty('invalid-answer', {
    field: 'approved',
    got: fieldOf(fields, 'approved'),
    expected: `at least one of ${listed(options.map(({ label }) => label))}, or abstain: true`,
  });
}

function rankedOptions(fields: Fields, options: readonly LabelledOption[]): Reading<ChosenAnswers> {
  const read = optionsIn(fields, 'ranking', options);
  if (!read.ok) return read;
  const unique = firstOfEach(read.value);
  // Which of two places a doubled option was meant for is a guess, so it is asked again.
  if (unique.length > 0 && unique.length === read.value.length) return chosenList('rank', unique);
  return faulty('invalid-answer', {
    field: 'ranking',
    got: fieldOf(fields, 'ranking'),
    expected: `each once, at least one of ${listed(options.map(({ label }) => label))}`,
  });
}

function firstOfEach<T extends KeyedAnswer>(answers: readonly T[]): readonly T[] {
  return answers.filter(
    ({ key }, index) => answers.findIndex((other) => other.key === key) === index,
  );
}

function chosenOne(named: KeyedAnswer): Reading<ChosenAnswers> {
  return chosen({ kind: 'single', option: named.key }, [named]);
}

function chosenList(
  kind: 'approve' | 'rank',
  named: readonly KeyedAnswer[],
): Reading<ChosenAnswers> {
  return chosen({ kind, options: named.map(({ key }) => key) }, named);
}

function chosen(choice: Choice, named: readonly KeyedAnswer[]): Reading<ChosenAnswers> {
  const answers = named.map(({ key, text }) => ({ key, text }));
  return {
    ok: true,
    value: { choice, answers, answer: answers.map(({ text }) => text).join('\n') },
  };
}
