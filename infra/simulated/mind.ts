import { fnv1a } from '../../domain/prompts/seeded-shuffle.ts';
import type { PromptReading } from './prompt-reading.ts';
import { openAnswers, plainTemperament, temperaments } from './temperament.ts';
import type { Temperament } from './temperament.ts';

/** What a simulated agent made up its mind to. */
export interface Position {
  readonly answer: string;
  /** Options from best to worst. */
  readonly ranking: readonly string[];
  /** Whose argument changed its mind; `null` where it did not change. */
  readonly citing: string | null;
  /** 0.5 to 0.95. */
  readonly confidence: number;
  readonly rationale: string;
  readonly evidence: string;
  readonly doubt: string;
}

/** Begins every text that a simulated agent makes up. */
export const simulatedMark = '[simulated]';

/**
 * Makes up a simulated agent's mind: from its name, the question, the options and the round, and from nothing
 * else but what the others hold. The same call always gives the same position.
 *
 * @param model - name of the agent
 * @param reading - what it understood of the prompt
 * @param options - what may be chosen; empty for an open question
 */
export function makeUpMind(
  model: string,
  reading: PromptReading,
  options: readonly string[],
): Position {
  const known = options.length > 0 ? amongOptions(reading, options) : reading;
  const temper = temperamentOf(model);
  const asked = String(fnv1a(reading.question));
  const dice = (purpose: string): number => mixed(`${model}/${purpose}/${asked}`);
  const choices = options.length > 0 ? options : openAnswers;
  const first = firstChoice(temper, asked, choices, dice);
  const held = known.held ?? first;
  const joined = known.held === null ? null : persuadedBy(temper, known, held);
  const answer = joined?.answer ?? held;
  const start = Math.max(0, choices.indexOf(answer));
  const rest = choices.map((_choice, index) => choices[(start + index) % choices.length] ?? '');
  const reason = pick(temper.reasons, dice('reason'));
  const changed = joined === null ? '' : ` ${joined.name} has changed my mind.`;
  return {
    answer,
    ranking: choices.includes(answer) ? rest : [answer, ...rest],
    citing: joined?.name ?? null,
    confidence: 0.5 + (dice(`confidence ${reading.round}`) % 46) / 100,
    rationale: `${simulatedMark} I hold this because ${reason}.${changed}`,
    evidence: `${simulatedMark} A comparable case, number ${(dice('evidence') % 90) + 10}, went that way.`,
    doubt: `${simulatedMark} Its weak point: ${pick(temper.doubts, dice('doubt'))}.`,
  };
}

/** The answer that most participants hold, of equals the first by name; `null` where there is none. */
export function mostHeld(positions: ReadonlyMap<string, string>): string | null {
  return leading([...positions])?.answer ?? null;
}

/** What others and it hold, as options: of a list the first, of anything else nothing. */
function amongOptions(reading: PromptReading, options: readonly string[]): PromptReading {
  const option = (answer: string): string | undefined =>
    options.find((choice) => choice === answer || choice === answer.split('\n')[0]);
  const positions = [...reading.positions].flatMap(([name, answer]) => {
    const held = option(answer);
    return held === undefined ? [] : [[name, held] as const];
  });
  const held = reading.held === null ? undefined : option(reading.held);
  return { ...reading, held: held ?? null, positions: new Map(positions) };
}

function temperamentOf(model: string): Temperament {
  const known = Object.keys(temperaments).find(
    (name) => model === name || model.startsWith(`${name}-`),
  );
  return (known === undefined ? undefined : temperaments[known]) ?? plainTemperament;
}

function firstChoice(
  temper: Temperament,
  asked: string,
  choices: readonly string[],
  dice: (purpose: string) => number,
): string {
  const favourite = mixed(`favourite/${asked}/${choices.join('/')}`) % choices.length;
  if (dice('favour') % 100 < temper.favourite || choices.length === 1) {
    return choices[favourite] ?? '';
  }
  const others = choices.filter((_choice, index) => index !== favourite);
  return pick(others, dice('other'));
}

function persuadedBy(
  temper: Temperament,
  { positions, self, round }: PromptReading,
  held: string,
): { readonly name: string; readonly answer: string } | null {
  if (round < temper.opensIn) return null;
  const others = [...positions].filter(([name]) => name !== self);
  const best = leading(others.filter(([, answer]) => answer !== held));
  if (best === null || (best.count * 100) / others.length < temper.joinsAt) return null;
  return { name: best.name, answer: best.answer };
}

function leading(
  positions: readonly (readonly [string, string])[],
): { readonly name: string; readonly answer: string; readonly count: number } | null {
  const sorted = [...positions].sort(([one], [other]) => (one < other ? -1 : 1));
  const counted = sorted.map(([name, answer]) => ({
    name,
    answer,
    count: sorted.filter((other) => other[1] === answer).length,
  }));
  return counted.reduce<(typeof counted)[number] | null>(
    (best, next) => (best === null || next.count > best.count ? next : best),
    null,
  );
}

/** FNV leaves neighbours alike in the low digits; one more round of mixing spreads them. */
function mixed(text: string): number {
  const hash = fnv1a(text);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 4;
}

function pick(texts: readonly string[], number: number): string {
  return texts[number % texts.length] ?? '';
}
