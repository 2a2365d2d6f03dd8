import { describe, expect, test } from '@jest/globals';

import type { PeopleInput } from '../../../domain/approvals/people-schema.ts';
import {
  collaborationRequestSchema,
  faultsOf,
} from '../../../domain/collaboration/request-schema.ts';
import type { CollaborationRequest } from '../../../domain/collaboration/request.ts';
import type { Gate } from '../../../domain/gate/gate-terms.ts';
import { peopleFaults, peopleOf } from '../../../domain/planning/asking-people.ts';

const gate: Gate = {
  disagreementMax: 0.5,
  marginMin: 0.2,
  confidenceMin: 0.7,
  confidenceAsk: 0.6,
  statedMin: 0.5,
  askedWay: 'done',
};
const day = 86_400_000;

function bodyWith(people: unknown): unknown {
  return { pattern: 'debate', question: 'Which store?', people };
}

describe('a plan that asks people', () => {
  test('has no field of it where nothing is asked', () => {
    expect(peopleOf(undefined, {})).toEqual({});
    expect(peopleFaults({ pattern: 'debate', question: '?' }, {})).toEqual([]);
  });

  test('states every default', () => {
    expect(peopleOf({ points: ['decision'] }, {})).toEqual({
      people: {
        points: ['decision'],
        questions: 0,
        expiresAfterMs: 3 * day,
        onExpiry: { gate: 'debate', round: 'approve', decision: 'reject' },
      },
    });
  });

  test('keeps what was asked for, points in their order, and takes the way of the gate', () => {
    const asked: PeopleInput = {
      points: ['decision', 'gate', 'round'],
      questions: ['Which region?'],
      expiresAfterSeconds: 60,
      onExpiry: { round: 'reject', decision: 'approve' },
    };

    expect(peopleOf(asked, { gate })).toEqual({
      people: {
        points: ['start', 'gate', 'round', 'decision'],
        questions: 1,
        expiresAfterMs: 60_000,
        onExpiry: { gate: 'done', round: 'reject', decision: 'approve' },
      },
    });
    expect(peopleOf({ ...asked, onExpiry: { gate: 'debate' } }, { gate: null })).toMatchObject({
      people: { onExpiry: { gate: 'debate' } },
    });
  });

  test.each<[PeopleInput, string]>([
    [{}, 'people'],
    [{ points: ['start'] }, 'people.questions'],
    [{ points: ['gate'] }, 'people.points'],
    [{ points: ['round'], onExpiry: { decision: 'approve' } }, 'people.onExpiry.decision'],
  ])('is refused where it asks what never comes: %j', (people, field) => {
    const request: CollaborationRequest = { pattern: 'debate', question: '?', people };

    expect(peopleFaults(request, { gate: null }).map((fault) => fault.field)).toEqual([field]);
  });

  test('is taken where each default has its point', () => {
    const people: PeopleInput = { points: ['gate'], onExpiry: { gate: 'done' } };

    expect(peopleFaults({ pattern: 'debate', question: '?', people }, { gate })).toEqual([]);
  });
});

describe('the body of a start', () => {
  test.each([
    [{ points: [] }, 'people.points'],
    [{ points: ['round', 'round'] }, 'people.points'],
    [{ points: ['lunch'] }, 'people.points[0]'],
    [{ questions: [' '] }, 'people.questions[0]'],
    [{ questions: ['x'.repeat(2_001)] }, 'people.questions[0]'],
    [{ questions: ['1', '2', '3', '4', '5', '6'] }, 'people.questions'],
    [{ expiresAfterSeconds: 0 }, 'people.expiresAfterSeconds'],
    [{ expiresAfterSeconds: 2_592_001 }, 'people.expiresAfterSeconds'],
    [{ onExpiry: { decision: 'edit' } }, 'people.onExpiry.decision'],
    [{ onExpiry: { start: 'skip' } }, 'people.onExpiry.start'],
    [{ who: 'me' }, 'people.who'],
    ['everybody', 'people'],
  ])('is refused with the field: %j', (people, field) => {
    const body = bodyWith(people);
    const read = collaborationRequestSchema.safeParse(body);

    expect(read.error && faultsOf(read.error, body).map((fault) => fault.field)).toEqual([field]);
  });
});
