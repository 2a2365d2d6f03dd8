import { drawnScenario } from './drawn-scenario.ts';
import { faultsTolerated } from './scenario.ts';
import type { Member, MemberFault, Reactions, Scenario } from './scenario.ts';

const mild: Reactions = {
  conformity: { whenRight: 0.5, whenWrong: 0.35 },
  persuasion: { byRight: 0.15, byWrong: 0.08 },
};

const arguable: Reactions = {
  conformity: { whenRight: 0.7, whenWrong: 0.15 },
  persuasion: { byRight: 0.5, byWrong: 0.03 },
};

/** Fields that the scenarios share unless they say otherwise. */
const usual = {
  options: 4,
  correlation: 0,
  attraction: 0.3,
  insight: 0.5,
  evenness: 4,
  reactions: mild,
  trials: 40,
  replyTokens: 300,
} as const satisfies Partial<Scenario>;

function member(model: string, accuracy: number, more: Partial<Member> = {}): Member {
  return { model, accuracy, record: accuracy, confidence: 'calibrated', fault: null, ...more };
}

function faulty(count: number, fault: MemberFault, record = 0.68): readonly Member[] {
  return Array.from({ length: count }, (_, index) =>
    member(`${fault}-${String(index + 1)}`, 0.68, { fault, record }),
  );
}

/** Members of equal skill, each of a model of its own. */
function peers(
  count: number,
  accuracy: number,
  confidence: Member['confidence'] = 'calibrated',
): readonly Member[] {
  return Array.from({ length: count }, (_, index) =>
    member(`m${String(index + 1)}`, accuracy, { confidence }),
  );
}

/** Three seats of one model beside two others. */
const threeAlike: readonly Member[] = [
  ...Array.from({ length: 3 }, () => member('m1', 0.62)),
  member('m2', 0.7),
  member('m3', 0.72),
];

const liars = faultsTolerated(7);

/** The kinds of panel that the harness knows. */
export const scenarios: readonly Scenario[] = [
  {
    ...usual,
    name: 'independent',
    about: 'five models of equal skill (0.68), each its own mind',
    members: peers(5, 0.68),
  },
  {
    ...usual,
    name: 'correlated',
    about: 'three seats of one model (0.62, correlation 0.8) beside two other models (0.70, 0.72)',
    members: threeAlike,
    correlation: 0.8,
  },
  {
    ...usual,
    name: 'mixed',
    about: 'one strong model (0.86), one good (0.72), three weak (0.48 to 0.55) and over-confident',
    members: [
      member('m1', 0.86),
      member('m2', 0.72, { confidence: 'under-confident' }),
      ...[0.55, 0.5, 0.48].map((accuracy, index) =>
        member(`m${String(index + 3)}`, accuracy, { confidence: 'over-confident' }),
      ),
    ],
  },
  {
    ...usual,
    name: 'unproven',
    about: 'the correlated panel in a house that knows nothing of any model',
    members: threeAlike,
    correlation: 0.8,
    trials: 0,
  },
  {
    ...usual,
    name: 'shallow',
    about: 'five models (0.68) whose second choices know nothing',
    members: peers(5, 0.68),
    insight: 0,
  },
  {
    ...usual,
    name: 'even',
    about: 'four models (0.68): an even number of seats ties more often',
    members: peers(4, 0.68),
  },
  {
    ...usual,
    name: 'conformist',
    about: 'five models (0.68) that follow the many, right or wrong, and hardly hear arguments',
    members: peers(5, 0.68),
    reactions: {
      conformity: { whenRight: 0.75, whenWrong: 0.75 },
      persuasion: { byRight: 0.02, byWrong: 0.1 },
    },
  },
  {
    ...usual,
    name: 'arguable',
    about: 'five models (0.55) on questions whose right answer convinces once it is shown',
    members: peers(5, 0.55),
    reactions: arguable,
  },
  {
    ...usual,
    name: 'boastful',
    about: 'the arguable panel, but everybody is 95 % sure of everything',
    members: peers(5, 0.55, 'boastful'),
    reactions: arguable,
  },
  {
    ...usual,
    name: 'lying',
    about: 'seven models (0.68), f = 2 of them lying together behind a good record: n = 3f + 1',
    members: [...peers(7 - liars, 0.68), ...faulty(liars, 'lying')],
  },
  {
    ...usual,
    name: 'one liar',
    about: 'four models (0.75), one of them lying behind a good record, all seated: n = 3f + 1',
    members: [...peers(3, 0.75), member('liar', 0.75, { fault: 'lying' })],
  },
  {
    ...usual,
    name: 'exposed',
    about:
      'the lying panel, but its records show that the two liars are right no more than by chance',
    members: [...peers(7 - liars, 0.68), ...faulty(liars, 'lying', 0.26)],
  },
  {
    ...usual,
    name: 'silent',
    about: 'seven models (0.68), two of them silent',
    members: [...peers(5, 0.68), ...faulty(2, 'silent')],
  },
  {
    ...usual,
    name: 'unsteady',
    about: 'seven models (0.68), one answering by lot and one flip-flopping',
    members: [...peers(5, 0.68), ...faulty(1, 'random'), ...faulty(1, 'flip-flopping')],
  },
  {
    ...usual,
    name: 'drawn',
    about:
      'a kind of panel drawn anew for every question, unlike those that the defaults were chosen on',
    members: [],
    drawn: drawnScenario,
  },
];

/**
 * Finds a scenario.
 *
 * @throws Error when there is none of that name
 */
export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((one) => one.name === name);
  if (found === undefined) throw new Error(`scenario: got ${name}, expected a known one`);
  return found;
}
