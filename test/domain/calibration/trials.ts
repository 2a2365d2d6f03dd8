import fc from 'fast-check';

import { questionKinds, type QuestionKind } from '../../../domain/calibration/question-kind.ts';
import type { TrialCount } from '../../../domain/calibration/track-record.ts';

/** Trials of one confidence; of kind `other` unless told otherwise. */
export function trials(
  confidence: number | null,
  right: number,
  wrong: number,
  kind: QuestionKind = 'other',
): TrialCount {
  return { kind, confidence, right, wrong };
}

/** Any record: confidences as models state them, with two digits, and at times none. */
export const anyCounts: fc.Arbitrary<readonly TrialCount[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...questionKinds),
    confidence: fc.option(
      fc.integer({ min: 0, max: 100 }).map((hundredths) => hundredths / 100),
      { freq: 5 },
    ),
    right: fc.integer({ min: 0, max: 40 }),
    wrong: fc.integer({ min: 0, max: 40 }),
  }),
  { maxLength: 12 },
);
