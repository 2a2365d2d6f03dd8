import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { QuestionKind } from '../../../domain/calibration/question-kind.ts';
import type { Trial } from '../../../domain/calibration/resolution.ts';
import { byConfidence, hitsOf } from '../../../domain/calibration/track-record.ts';
import type { NewResolution } from '../../../infra/stores/resolution-store.ts';
import type { ResolutionStore } from '../../../infra/stores/resolution-store.ts';
import { createFakeResolutions } from '../../api/fake-resolutions.ts';
import { openFixture, time } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;
let resolutions: ResolutionStore;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

const stores: readonly [string, () => ResolutionStore][] = [
  ['the database', () => fixture.stores.resolutions],
  ['the memory of tests', createFakeResolutions],
];

const named = (model: string) => ({ provider: 'openai', model, simulated: false });

function trial(more: Partial<Trial> = {}): Trial {
  return { ...named('m'), seat: 's1', kind: 'other', confidence: 0.8, isRight: true, ...more };
}

function resolution(collaborationId: string, more: Partial<NewResolution> = {}): NewResolution {
  return {
    tenantId: 'one',
    collaborationId,
    answerKey: 'o1',
    answer: 'Postgres',
    note: null,
    questionKind: 'other',
    resolvedAt: time,
    trials: [trial()],
    ...more,
  };
}

describe.each(stores)('in %s', (_, open) => {
  beforeAll(() => {
    resolutions = open();
  });

  describe('a resolution', () => {
    test('stands as it was first given, with its trials', async () => {
      const trials = [trial({ ...named('first'), confidence: null })];
      const first = resolution('c_first', { note: 'measured', trials });

      const added = await resolutions.add(first);
      const again = await resolutions.add({
        ...first,
        note: 'later',
        resolvedAt: '2027-01-01T00:00:00.000Z',
      });
      const other = await resolutions.add({
        ...first,
        answerKey: 'o2',
        trials: [trial({ ...named('first'), isRight: false, seat: 's2' })],
      });

      const { answerKey, answer, note, questionKind, resolvedAt } = first;
      const stands = { answerKey, answer, note, questionKind, resolvedAt };
      expect(added).toEqual({ isNew: true, resolution: stands });
      expect(again).toEqual({ isNew: false, resolution: stands });
      expect(other).toEqual({ isNew: false, resolution: stands });
      expect(await resolutions.get('one', 'c_first')).toEqual(stands);
      expect(await resolutions.recordsOf('one', [named('first')])).toEqual([
        {
          ...named('first'),
          counts: [{ kind: 'other', confidence: null, right: 1, wrong: 0 }],
        },
      ]);
    });

    test('is given once, however many give it at the same time', async () => {
      const calls = Array.from({ length: 24 }, (_, index) =>
        resolutions.add(
          resolution('c_race', {
            answerKey: `o${(index % 2) + 1}`,
            trials: [trial({ ...named('race'), isRight: index % 2 === 0 })],
          }),
        ),
      );

      const answers = await Promise.all(calls);

      expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect(new Set(answers.map((answer) => answer.resolution.answerKey)).size).toBe(1);
      const [record] = await resolutions.recordsOf('one', [named('race')]);
      expect(hitsOf(record?.counts ?? [])).toEqual(
        answers[0]?.resolution.answerKey === 'o1' ? { right: 1, wrong: 0 } : { right: 0, wrong: 1 },
      );
    });

    test('of a run in which nobody answered adds no trial', async () => {
      expect(await resolutions.add(resolution('c_none', { trials: [] }))).toMatchObject({
        isNew: true,
      });
      expect(await resolutions.get('one', 'c_unresolved')).toBeUndefined();
    });

    test("belongs to its tenant: another's is neither seen nor counted", async () => {
      const trials = [trial(named('walled'))];
      await resolutions.add(resolution('c_walled', { trials }));

      expect(await resolutions.get('two', 'c_walled')).toBeUndefined();
      expect(await resolutions.recordsOf('two', [named('walled')])).toEqual([]);
      expect(await resolutions.countQuestions('two', named('walled'))).toEqual({});
      expect(
        await resolutions.add(resolution('c_walled', { tenantId: 'two', answerKey: 'o2', trials })),
      ).toMatchObject({ isNew: true, resolution: { answerKey: 'o2' } });
      expect(await resolutions.get('one', 'c_walled')).toMatchObject({ answerKey: 'o1' });
    });
  });

  describe('the records of models', () => {
    test('count a thousand resolutions by kind, confidence and truth', async () => {
      const adding = Array.from({ length: 1_000 }, async (_, index) => {
        const kind: QuestionKind = index % 2 === 0 ? 'factual' : 'security';
        const shared = { kind, confidence: 0.5 + (index % 5) / 10, isRight: index % 4 > 0 };
        await resolutions.add(
          resolution(`c_many_${index}`, {
            questionKind: kind,
            trials: [
              trial({ ...named('many'), ...shared, seat: 's1' }),
              trial({ ...named('many'), ...shared, seat: 's2' }),
              trial({ ...named('beside'), ...shared, seat: 's3' }),
            ],
          }),
        );
      });
      await Promise.all(adding);

      const [record, ...others] = await resolutions.recordsOf('one', [
        named('many'),
        named('none'),
      ]);

      expect(others).toEqual([]);
      expect(hitsOf(record?.counts ?? [])).toEqual({ right: 1_500, wrong: 500 });
      expect(byConfidence(record?.counts ?? []).map(({ confidence }) => confidence)).toEqual([
        0.5, 0.6, 0.7, 0.8, 0.9,
      ]);
      expect(await resolutions.countQuestions('one', named('many'))).toEqual({
        factual: 500,
        security: 500,
      });
    });

    test('keep simulated trials apart from real ones', async () => {
      const trials = [
        trial({ ...named('both'), seat: 's1' }),
        trial({ ...named('both'), seat: 's2', simulated: true, isRight: false }),
      ];
      await resolutions.add(resolution('c_both', { trials }));

      const asked = [named('both'), { ...named('both'), simulated: true }];
      const records = await resolutions.recordsOf('one', [...asked, ...asked]);

      expect(records.map(({ simulated, counts }) => [simulated, hitsOf(counts)])).toEqual([
        [false, { right: 1, wrong: 0 }],
        [true, { right: 0, wrong: 1 }],
      ]);
      expect(await resolutions.recordsOf('one', [])).toEqual([]);
    });
  });
});
