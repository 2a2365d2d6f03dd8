import { questionKindDefault } from '../calibration/question-kind.ts';
import type { TrackRecord, TrialCount } from '../calibration/track-record.ts';
import { drawChance, statedConfidence } from './question.ts';
import { randomFrom } from './random.ts';
import type { Member, Scenario } from './scenario.ts';

/** Provider that every simulated model has. */
export const simulatedProvider = 'openai';

/** Steps in which confidences are told: twentieths, as models do. */
const confidenceSteps = 20;

/** Keeps the draws of records apart from those of questions. */
const recordsKey = 0x7265636f;

/**
 * Draws what a tenant knows of a scenario's models by the time of one question: so many resolved trials of each as the
 * scenario says, right as often as the member's record says, on average.
 *
 * @param scenario - whose models they are
 * @param seed - of the whole evaluation
 * @param number - of the question: each meets a house with another past
 */
export function drawRecords(
  scenario: Scenario,
  seed: number,
  number: number,
): readonly TrackRecord[] {
  if (scenario.trials === 0) return [];
  const models = new Map(scenario.members.map((member) => [member.model, member]));
  return [...models.values()].map((member, index) => ({
    provider: simulatedProvider,
    model: member.model,
    simulated: true,
    counts: drawTrials(scenario, member, [seed, number, index, recordsKey]),
  }));
}

function drawTrials(
  scenario: Scenario,
  { record, confidence: habit }: Member,
  keys: readonly number[],
): readonly TrialCount[] {
  const random = randomFrom(...keys);
  const counts = new Map<number, TrialCount>();
  for (let trial = 0; trial < scenario.trials; trial += 1) {
    const chance = drawChance(scenario, record, random);
    const stated = statedConfidence(habit, chance, 1 / scenario.options);
    const confidence = Math.round(stated * confidenceSteps) / confidenceSteps;
    const isRight = random() < chance;
    const known = counts.get(confidence) ?? emptyAt(confidence);
    counts.set(confidence, {
      ...known,
      right: known.right + Number(isRight),
      wrong: known.wrong + Number(!isRight),
    });
  }
  return [...counts.values()];
}

function emptyAt(confidence: number): TrialCount {
  return { kind: questionKindDefault, confidence, right: 0, wrong: 0 };
}
