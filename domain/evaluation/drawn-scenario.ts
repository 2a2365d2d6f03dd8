import { randomFrom, type Random } from './random.ts';
import { confidenceHabits, faultsTolerated, memberFaults } from './scenario.ts';
import type { Member, Reactions, Scenario } from './scenario.ts';

/** Keeps these draws apart from those of questions and records. */
const kindKey = 0x6b696e64;

/** What a house may know of every model, trials. */
const trialsDrawn = [0, 5, 10, 20, 40, 100] as const;

/**
 * Draws a kind of panel: four to nine seats of any skill, likeness, confidence and faults within f of n = 3f + 1, with any
 * reactions, two to six options and any amount of records. All draws are even between their bounds.
 *
 * It is a check on the other scenarios: what was chosen on them may fit them alone.
 *
 * @param seed - of the whole evaluation
 * @param number - of the question, from 0
 */
export function drawnScenario(seed: number, number: number): Scenario {
  const random = randomFrom(seed, number, kindKey);
  const options = 2 + Math.floor(random() * 5);
  return {
    name: 'drawn',
    about: 'a kind of panel drawn by lot',
    members: membersOf(random, 1 / options),
    options,
    correlation: random(),
    attraction: between(random, 0, 0.6),
    insight: random(),
    evenness: between(random, 1, 12),
    reactions: reactionsOf(random),
    trials: oneOf(trialsDrawn, random),
    replyTokens: 300,
  };
}

/** Models sit as often as the lot says; every faulty seat is of a model of its own. */
function membersOf(random: Random, level: number): readonly Member[] {
  const seats = 4 + Math.floor(random() * 6);
  const faulty = Math.floor(random() * (faultsTolerated(seats) + 1));
  const fault = oneOf(memberFaults, random);
  const models = Array.from({ length: 1 + Math.floor(random() * seats) }, (_, index): Member => {
    const accuracy = between(random, level + 0.05, 0.92);
    const confidence = oneOf(confidenceHabits, random);
    return { model: `m${String(index + 1)}`, accuracy, record: accuracy, confidence, fault: null };
  });
  return Array.from({ length: seats }, (_, index) => {
    const member = oneOf(models, random);
    return index < faulty ? { ...member, model: `faulty-${String(index + 1)}`, fault } : member;
  });
}

function reactionsOf(random: Random): Reactions {
  return {
    conformity: { whenRight: between(random, 0, 0.8), whenWrong: between(random, 0, 0.8) },
    persuasion: { byRight: between(random, 0, 0.5), byWrong: between(random, 0, 0.3) },
  };
}

function between(random: Random, from: number, to: number): number {
  return from + random() * (to - from);
}

function oneOf<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}
