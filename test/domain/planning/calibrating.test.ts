import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { shareCap } from '../../../domain/calibration/seat-weights.ts';
import type { TrackRecord } from '../../../domain/calibration/track-record.ts';
import type { CollaborationRequest } from '../../../domain/collaboration/request.ts';
import {
  calibrationOf,
  unknownVersion,
  weightOfJoining,
  type KnownRecords,
} from '../../../domain/planning/calibrating.ts';
import { toleranceFaults } from '../../../domain/planning/tolerance.ts';
import { trials } from '../calibration/trials.ts';
import { seat, sha256 } from '../ledger/sample-run.ts';
import { agent, closedVote, context, faultsIn, planned } from './panel.ts';
import { planWith, seats } from '../../support/plans.ts';

const panel = ['good', 'fair', 'poor', 'twin'].map((name) =>
  agent(name, { model: name === 'twin' ? 'good' : name }),
);
const byRecord: CollaborationRequest = {
  ...closedVote,
  protocol: { kind: 'weighted', by: 'record' },
  participants: ['good', 'fair', 'poor'],
};

function recordOf(model: string, right: number, wrong: number): TrackRecord {
  const counts = [trials(0.9, right, wrong, 'other'), trials(null, 1, 0, 'design')];
  return { provider: 'openai-compatible', model, simulated: false, counts };
}

const known: KnownRecords = {
  records: [recordOf('good', 80, 20), recordOf('fair', 64, 36), recordOf('poor', 60, 40)],
  sha256,
};

function weightsOf(request: CollaborationRequest, records = known): (number | undefined)[] {
  return planned(request, panel, { records }).plan.seats.map(({ weight }) => weight);
}

describe('a plan that weighs by record', () => {
  test('gives the better model more, and holds how each confidence is read', () => {
    const { plan } = planned(byRecord, panel, { records: known });
    const [good = 0, fair = 0, poor = 0] = plan.seats.map(({ weight }) => weight);

    expect(good).toBeGreaterThan(fair);
    expect(fair).toBeGreaterThan(poor);
    expect(plan.protocol).toEqual({ kind: 'weighted', by: 'record' });
    expect(plan.calibration?.shareCap).toBe(0.4);
    expect(good).toBeLessThanOrEqual(0.4 * 3);
    expect(plan.calibration?.seats['s1']).toMatchObject({ trials: { kind: 100, all: 101 } });
    expect(Number(plan.calibration?.seats['s3']?.accuracy)).toBeCloseTo(0.6, 1);
  });

  test('is the same for the same records in any order, and names another version for others', () => {
    const { plan } = planned(byRecord, panel, { records: known });
    const turned = { ...known, records: known.records.toReversed() };
    const grown = { ...known, records: [...known.records.slice(1), recordOf('good', 81, 20)] };
    const foreign = { ...known, records: [...known.records, recordOf('elsewhere', 9, 9)] };
    const versions = [turned, foreign, grown].map(
      (records) => planned(byRecord, panel, { records }).plan.calibration?.version,
    );

    expect(plan.calibration?.version).toMatch(/^[0-9a-f]{64}$/);
    expect(versions.map((version) => version === plan.calibration?.version)).toEqual([
      true,
      true,
      false,
    ]);
    expect(planned(byRecord, panel, { records: turned }).plan).toEqual(plan);
  });

  test('weighs by the record for the kind of question', () => {
    const records = {
      ...known,
      records: [
        {
          ...recordOf('good', 90, 10),
          counts: [trials(0.9, 5, 95, 'security'), trials(0.9, 90, 10)],
        },
        ...known.records.slice(1),
      ],
    };
    const [asOther = 0] = weightsOf(byRecord, records);
    const [asSecurity = 0] = weightsOf({ ...byRecord, questionKind: 'security' }, records);

    expect(asSecurity).toBeLessThan(asOther);
  });

  test('weighs seats alike where nothing is known', () => {
    const { plan } = planned(byRecord, panel);

    expect(plan.seats.map(({ weight }) => weight)).toEqual([1, 1, 1]);
    expect(plan.calibration?.version).toBe(unknownVersion);
    expect(plan.calibration?.seats['s1']).toEqual({
      slope: 0.5,
      intercept: 0,
      accuracy: 0.6,
      trials: { kind: 0, all: 0 },
    });
  });

  test('never mixes simulated and real trials', () => {
    const simulated = known.records.map((record) => ({ ...record, simulated: true }));

    expect(weightsOf(byRecord, { ...known, records: simulated })).toEqual([1, 1, 1]);
  });

  test('knows two agents of one model as one, and discounts them', () => {
    const [first, twin, other] = weightsOf({ ...byRecord, participants: ['good', 'twin', 'fair'] });

    expect(first).toBe(twin);
    expect(Number(first)).toBeLessThan(Number(weightsOf(byRecord)[0]));
    expect(Number(first) + Number(twin)).toBeLessThan(2 * 0.4 * 3 + 1e-5);
    expect(Number(other)).toBeGreaterThan(0);
  });

  test('never weighs a seat by its personas, whatever they are', () => {
    const persona = fc.subarray(['architect', 'critic', 'pragmatist', 'security']);
    fc.assert(
      fc.property(persona, persona, (one, other) => {
        const participants = [
          { agent: 'good', ...(one.length > 0 && { personas: one }) },
          { agent: 'fair', ...(other.length > 0 && { personas: other }) },
          'poor',
        ];
        expect(weightsOf({ ...byRecord, participants })).toEqual(weightsOf(byRecord));
      }),
    );
  });

  test('takes no weight from the request', () => {
    const participants = [{ agent: 'good', weight: 2 }, 'fair'];

    expect(faultsIn({ ...byRecord, participants }, panel)).toEqual([
      {
        field: 'participants[0].weight',
        got: '2',
        expected: 'none, or 1, under weighted by record, where weights come from the records',
      },
    ]);
  });

  test('keeps the share of each below what faulty seats may have', () => {
    const participants = ['good', 'fair', 'poor', 'twin'];
    const { plan } = planned({ ...byRecord, participants, toleratedFaults: 1 }, panel, {
      records: known,
    });

    expect(plan.calibration?.shareCap).toBe(shareCap(4, 1));
    expect(plan.seats.map(({ weight }) => weight)).toEqual([1, 1, 1, 1]);
  });
});

describe('a plan that does not', () => {
  test.each([undefined, { kind: 'weighted' }, { kind: 'weighted', by: 'given' }] as const)(
    'takes the weights of the request under %j, and asks no record',
    (protocol) => {
      const participants = [{ agent: 'good', weight: 2 }, 'fair'];
      const request = { ...closedVote, participants, ...(protocol && { protocol }) };
      const { plan } = planned(request, panel, { records: known });

      expect(plan.seats.map(({ weight }) => weight)).toEqual([2, 1]);
      expect(plan.calibration).toBeUndefined();
    },
  );

  test('says what the question is about, and that no fault is tolerated unless asked for', () => {
    expect(planned(closedVote).plan).toMatchObject({ questionKind: 'other', toleratedFaults: 0 });
    expect(planned({ ...closedVote, questionKind: 'design' }).plan.questionKind).toBe('design');
  });
});

describe('a plan from before records', () => {
  test('is read as one of models that nobody knows', () => {
    const plan = planWith({ seats: seats(2) });

    expect(calibrationOf(plan, known).seats).toEqual(calibrationOf(plan).seats);
    expect(Object.keys(calibrationOf(plan).seats)).toEqual(['s1', 's2']);
    expect(toleranceFaults(plan)).toEqual([]);
  });
});

describe('a seat that joins a run weighed by record', () => {
  test('weighs the mean, or what its model does, less for one more of it', () => {
    const model = { provider: 'p', model: 'm' };
    const joining = seat(9, { model });
    const there = [seat(1, { model }), seat(2, { model }), seat(3)];

    expect(weightOfJoining(joining, [seat(3)])).toBe(1);
    expect(weightOfJoining(joining, there)).toBe(0.75);
  });
});

test('planning itself draws on nothing else', () => {
  expect(planned(byRecord, panel, { ...context, records: known })).toEqual(
    planned(byRecord, panel, { ...context, records: known }),
  );
});
