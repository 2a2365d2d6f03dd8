import { optionKeysOf, shuffled } from './question.ts';
import { randomFrom, type Random } from './random.ts';

/** A generated question for a real model, with the answer that is known to be right. */
export interface KnownQuestion {
  readonly question: string;
  /** Words of the options, in the order of their keys `o1`, `o2`, … */
  readonly options: readonly string[];
  /** Key of the right one. */
  readonly truth: string;
}

/** Options of every known question. */
export const knownOptions = 4;

/** A question with its right answer and wrong ones that are near it, all different. */
interface Riddle {
  readonly question: string;
  readonly right: string;
  readonly wrong: readonly string[];
}

const riddles: readonly ((random: Random) => Riddle)[] = [sum, product, greatest, least, sequence];

/**
 * Generates a question: a sum, a product, the greatest or least of four numbers, or the next of a sequence, in turn.
 *
 * @param seed - of the whole evaluation
 * @param number - of the question, from 0
 */
export function knownQuestion(seed: number, number: number): KnownQuestion {
  const random = randomFrom(seed, number);
  const [riddle] = riddles.slice(number % riddles.length).map((make) => make(random)) as [Riddle];
  const { question, right, wrong } = riddle;
  const options = shuffled([right, ...wrong], random);
  const keys = optionKeysOf({ options: options.length });
  return { question, options, truth: String(keys[options.indexOf(right)]) };
}

function sum(random: Random): Riddle {
  const [one, other] = [between(random, 12, 79), between(random, 12, 79)];
  return asked(`What is ${String(one)} + ${String(other)}?`, one + other, [10, -10, 1]);
}

function product(random: Random): Riddle {
  const [one, other] = [between(random, 3, 9), between(random, 3, 9)];
  return asked(`What is ${String(one)} × ${String(other)}?`, one * other, [one, -other, 1]);
}

function greatest(random: Random): Riddle {
  return extreme('greatest', -1, random);
}

function least(random: Random): Riddle {
  return extreme('least', 1, random);
}

function extreme(which: string, step: 1 | -1, random: Random): Riddle {
  const right = between(random, 300, 600);
  const wrong = [9, 90, 99].map((distance) => String(right + step * distance));
  return { question: `Which of these numbers is the ${which}?`, right: String(right), wrong };
}

function sequence(random: Random): Riddle {
  const [first, step] = [between(random, 1, 9), between(random, 2, 9)];
  const shown = [0, 1, 2, 3].map((place) => String(first + place * step));
  const question = `Which number comes next: ${shown.join(', ')}?`;
  return asked(question, first + 4 * step, [1, -1, step]);
}

/** Wrong answers lie so far from the right one; equal distances are put apart. */
function asked(question: string, right: number, distances: readonly number[]): Riddle {
  const taken = new Set([right]);
  const wrong = distances.map((distance) => {
    let value = right + distance;
    while (taken.has(value)) value += 2;
    taken.add(value);
    return String(value);
  });
  return { question, right: String(right), wrong };
}

function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}
