/** How a simulated agent comes to its answers. */
export interface Temperament {
  /** Share of questions on which it takes the answer that is easiest to reach, percent. */
  readonly favourite: number;
  /** Share of the others, percent, that must hold one other answer before it joins them; over 100 is never. */
  readonly joinsAt: number;
  /** First round in which it changes its mind at all. */
  readonly opensIn: number;
  readonly reasons: readonly string[];
  readonly doubts: readonly string[];
}

/** The five agents of the panel, and the one that stands for every other name. */
export const temperaments: Readonly<Record<string, Temperament>> = {
  'sim-ada': {
    favourite: 80,
    joinsAt: 70,
    opensIn: 2,
    reasons: [
      'it keeps the borders between the parts where they are, and can be taken back',
      'it leaves the most ways open for what comes next',
    ],
    doubts: ['it ties two parts together that change for different reasons'],
  },
  'sim-bo': {
    favourite: 35,
    joinsAt: 101,
    opensIn: 9,
    reasons: [
      'the usual choice rests on an assumption that nobody has tested',
      'the objections against it are weaker than those against the others',
    ],
    doubts: ['it says nothing about what happens when its main assumption fails'],
  },
  'sim-cy': {
    favourite: 60,
    joinsAt: 50,
    opensIn: 2,
    reasons: [
      'it is the least work for the people who have to run it',
      'it can be delivered first and improved later',
    ],
    doubts: ['it costs more to operate than it saves'],
  },
  'sim-dee': {
    favourite: 60,
    joinsAt: 34,
    opensIn: 2,
    reasons: [
      'it has the smallest surface that a stranger could reach',
      'its worst failure is the cheapest one',
    ],
    doubts: ['it trusts input that nobody has checked'],
  },
  'sim-eve': {
    favourite: 50,
    joinsAt: 50,
    opensIn: 3,
    reasons: [
      'the evidence for it is the most recent',
      'it fits what has worked in comparable cases',
    ],
    doubts: ['its evidence comes from a case that differs in size'],
  },
};

/** Temperament of every agent that is not of the panel. */
export const plainTemperament: Temperament = {
  favourite: 60,
  joinsAt: 60,
  opensIn: 2,
  reasons: ['its advantages outweigh its drawbacks here'],
  doubts: ['it leaves out the most likely objection'],
};

/** Answers to open questions, as far as a simulated agent has any. */
export const openAnswers: readonly string[] = [
  'Start small, measure, then decide',
  'Do it now and completely',
  'Wait until there is more evidence',
];
