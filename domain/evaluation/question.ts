import { drawBeta, randomFrom, type Random } from './random.ts';
import type { ConfidenceHabit, Member, Scenario } from './scenario.ts';

/** What one member thinks of one question before it has seen anybody. */
export interface View {
  /** All options, best first. */
  readonly ranking: readonly string[];
  /** Its true chance to be right, 0 to 1. */
  readonly chance: number;
}

/** A member at one question. */
export interface Seated {
  readonly member: Member;
  readonly view: View;
  /** Stated before peers are seen, 0 to 1. */
  readonly confidence: number;
  /** Opens the member's own sequence of numbers for one pass: its reactions, its lots. */
  readonly drawsOf: (pass: number) => Random;
}

/** One simulated question: what is true, and what each member thinks of it. */
export interface Question {
  readonly scenario: Scenario;
  readonly options: readonly string[];
  readonly truth: string;
  /** The wrong option that attracts; liars agree on it. */
  readonly lure: string;
  readonly seated: readonly Seated[];
  /** Opens the sequence of numbers that decides in which order the replies of one pass arrive. */
  readonly arrivalsOf: (pass: number) => Random;
}

/** Keys of a question's options, as a plan names them. */
export function optionKeysOf(scenario: Pick<Scenario, 'options'>): readonly string[] {
  return Array.from({ length: scenario.options }, (_, index) => `o${String(index + 1)}`);
}

/**
 * Draws one question of a scenario. What a member thinks does not depend on the strategy that asks it, so that strategies
 * are compared on the same questions.
 *
 * A member's chance to be right is drawn around its accuracy (beta distribution between chance level and 1), then
 * its first choice: the truth with that chance, else a wrong option. So a member is right as often as its accuracy says, and a
 * calibrated one states the chance itself. The other options follow place by place, each in proportion to its strength (R. D.
 * Luce, R. L. Plackett); what the truth's is, once it is not the first, the scenario's insight says. Same-model
 * members take their model's one draw, each with probability sqrt(correlation), else a draw of their own; two of them are
 * then right together with exactly that correlation where their accuracies are equal.
 *
 * @param scenario - what it is drawn from
 * @param seed - of the whole evaluation
 * @param number - of the question, from 0
 */
export function drawQuestion(scenario: Scenario, seed: number, number: number): Question {
  const options = optionKeysOf(scenario);
  const random = randomFrom(seed, number);
  const [truth, lure] = shuffled(options, random) as [string, string];
  const known = { scenario, options, truth, lure };
  const models = [...new Set(scenario.members.map(({ model }) => model))];
  const seated = scenario.members.map((member, index): Seated => {
    const own = randomFrom(seed, number, index + 1);
    const isShared = own() < Math.sqrt(scenario.correlation);
    const source = isShared ? randomFrom(seed, number, -1 - models.indexOf(member.model)) : own;
    const view = drawView(known, member, source);
    return {
      member,
      view,
      confidence: statedConfidence(member.confidence, view.chance, 1 / scenario.options),
      drawsOf: (pass) => randomFrom(seed, number, index + 1, pass),
    };
  });
  return { ...known, seated, arrivalsOf: (pass) => randomFrom(seed, number, 0, pass) };
}

type Known = Omit<Question, 'seated' | 'arrivalsOf'>;

function drawView({ scenario, options, truth, lure }: Known, member: Member, random: Random): View {
  const chance = drawChance(scenario, member.accuracy, random);
  const isRight = random() < chance;
  const first = isRight ? truth : drawnBy(wrong(options, truth), errorsOf(scenario, lure), random);
  // Once it is wrong, the truth competes with the rest by what insight leaves it of its strength.
  const even = (1 - scenario.attraction) / (scenario.options - 1);
  const truthStrength = even + scenario.insight * Math.max(0, chance / (1 - chance) - even);
  const strength = (option: string): number =>
    option === truth ? truthStrength : errorsOf(scenario, lure)(option);
  const ranking = [first];
  let left = options.filter((option) => option !== first);
  while (left.length > 0) {
    const next = drawnBy(left, strength, random);
    ranking.push(next);
    left = left.filter((option) => option !== next);
  }
  return { ranking, chance };
}

/**
 * Draws how likely somebody is to be right about one question.
 *
 * @param scenario - what questions it is asked
 * @param scenario.options - how many there are to choose from
 * @param scenario.evenness - how much alike the questions are
 * @param accuracy - how often it is right on the whole, above chance and below 1
 * @param random - where the numbers come from
 * @returns chance level to 1
 */
export function drawChance(
  { options, evenness }: Pick<Scenario, 'options' | 'evenness'>,
  accuracy: number,
  random: Random,
): number {
  const level = 1 / options;
  const mean = (accuracy - level) / (1 - level);
  return level + (1 - level) * drawBeta(random, mean, evenness);
}

function wrong(options: readonly string[], truth: string): readonly string[] {
  return options.filter((option) => option !== truth);
}

/** How the wrong answers spread over the wrong options, in sum 1. */
function errorsOf({ options, attraction }: Scenario, lure: string): (option: string) => number {
  const even = (1 - attraction) / (options - 1);
  return (option) => (option === lure ? even + attraction : even);
}

/** Draws one option in proportion to its strength. */
function drawnBy(
  options: readonly string[],
  strength: (option: string) => number,
  random: Random,
): string {
  let rest = random() * options.reduce((sum, option) => sum + strength(option), 0);
  const found = options.findIndex((option) => (rest -= strength(option)) < 0);
  return String(options.at(found)); // -1, by rounding, is the last one
}

/** Puts items into an order by lot: R. A. Fisher, F. Yates. */
export function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(Math.floor(random() * left.length), 1));
  return order;
}

/** Part of the way to certainty that an over-confident member adds. */
const overstatement = 0.6;
/** Part of the lead over chance that an under-confident member tells. */
const understatement = 0.5;

/** What a boastful member states whatever it is asked. */
const boast = 0.95;

/**
 * Gives the confidence that a member states.
 *
 * @param habit - how it compares with the chance
 * @param chance - to be right
 * @param level - chance level
 */
export function statedConfidence(habit: ConfidenceHabit, chance: number, level: number): number {
  switch (habit) {
    case 'calibrated':
      return chance;
    case 'over-confident':
      return chance + (1 - chance) * overstatement;
    case 'under-confident':
      return level + (chance - level) * understatement;
    case 'boastful':
      return boast;
  }
}
