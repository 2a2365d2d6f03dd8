import { z } from 'zod';
import { maybe, oneOf, only } from '../fields.ts';
import { gateWays } from '../gate/gate-terms.ts';
import { approvalPoints } from './approval-terms.ts';

/** Most questions that a run asks at its start. */
export const questionsMax = 5;

/** Longest question to people, characters. */
export const questionCharactersMax = 2_000;

/** Longest time for an answer, seconds: 30 days. */
export const expirySecondsMax = 2_592_000;

/** Time for an answer where a request names none, seconds: 3 days. */
export const expirySecondsDefault = 259_200;

const pointsError = { error: `a list of 1 to ${approvalPoints.length} points, each once` };
const questionsError = { error: `a list of 1 to ${questionsMax} questions` };
const questionError = { error: 'a question of 1 to 2,000 characters, not only blanks' };
const secondsError = { error: 'a whole number of seconds from 1 to 2,592,000' };

/** Checks where a request wants people to be asked; what depends on other fields is told by `peopleFaults`. */
export const peopleSchema = only({
  points: maybe(
    z
      .array(oneOf(approvalPoints), pointsError)
      .min(1, pointsError)
      .refine((points) => new Set(points).size === points.length, pointsError)
      .meta({ uniqueItems: true })
      .readonly()
      .describe(
        'Where people are asked: `start` (the questions), `gate` (where the gate says `ask`), `round` (after each round that another would follow), `decision`.',
      ),
  ),
  questions: maybe(
    z
      .array(
        z
          .string(questionError)
          .max(questionCharactersMax, questionError)
          .refine((text) => text.trim() !== '' && !/\0|\p{Surrogate}/u.test(text), questionError),
        questionsError,
      )
      .min(1, questionsError)
      .max(questionsMax, questionsError)
      .readonly()
      .describe('Asked before the first round; the participants read the replies, as quoted text.'),
  ),
  expiresAfterSeconds: maybe(
    z
      .int(secondsError)
      .min(1, secondsError)
      .max(expirySecondsMax, secondsError)
      .describe('Time for each answer, seconds; 259,200 (3 days) by default.'),
  ),
  onExpiry: maybe(
    only({
      gate: maybe(oneOf(gateWays).describe('What the gate does otherwise, by default.')),
      round: maybe(oneOf(['approve', 'reject']).describe('`approve`, go on, by default.')),
      decision: maybe(oneOf(['approve', 'reject']).describe('`reject` by default.')),
    }).describe('What holds when nobody answers in time. Questions are skipped.'),
  ),
});

/** Where a request wants people to be asked. */
export type PeopleInput = z.infer<typeof peopleSchema>;
