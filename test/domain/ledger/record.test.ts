import { describe, expect, test } from '@jest/globals';

import { turnRef } from '../../../domain/collaboration/fact.ts';
import { canonicalJson } from '../../../domain/ledger/canonical.ts';
import { buildRecord, signedBytes } from '../../../domain/ledger/record.ts';
import {
  chained,
  decided,
  eventAt,
  noLongTexts,
  opened,
  plan,
  position,
  price,
  said,
  sampleEvents,
  sampleHappenings,
  sampleStream,
  sha256,
  single,
} from './sample-run.ts';

const identity = {
  tenantId: 'local',
  collaborationId: sampleStream,
  sealedAt: '2026-11-21T09:00:12.000Z',
  keyId: '0123456789abcdef',
  publicKey: 'AAAA',
};

describe('a record', () => {
  const events = sampleEvents();
  const record = buildRecord({ events, resolve: noLongTexts }, identity, sha256);

  test('holds question and materials by hash and size', () => {
    expect(record.question).toEqual({ sha256: sha256('Which store?'), bytes: 12 });
    expect(record.materials).toEqual([{ name: 'plan.md', sha256: sha256('material'), bytes: 12 }]);
  });

  test('names the models that answered, a fallback included', () => {
    expect(record.participants.map(({ seat: name, models }) => [name, models])).toEqual([
      ['s1', ['model-x']],
      ['s2', ['model-x', 'model-y']],
      ['s3', ['model-x']],
    ]);
  });

  test('lists the chair where it was asked', () => {
    const withChair = chained([
      ...sampleHappenings().slice(0, -1),
      {
        fact: { type: 'synthesis.written', ...turnRef('synthesis', 2, 'chair'), ...price },
        content: said('Postgres it is', { simulated: true }),
      },
      decided('o1'),
    ]);
    const { participants } = buildRecord(
      { events: withChair, resolve: noLongTexts },
      identity,
      sha256,
    );

    expect(participants.at(-1)).toMatchObject({
      seat: 'chair',
      models: ['model-x'],
      simulated: true,
    });
  });

  test('holds every position with the hash of its content', () => {
    const third = eventAt(events, 3);

    expect(record.positions).toHaveLength(5);
    expect(record.positions[0]).toEqual({
      turn: 'proposal-1-s1',
      seat: 's1',
      round: 1,
      answer: 'Postgres',
      confidence: 0.8,
      sha256: sha256(canonicalJson(third.data['content'])),
    });
  });

  test('holds an abstention as an empty answer', () => {
    const abstained = chained([
      opened(plan()),
      position(turnRef('proposal', 1, 's1'), { kind: 'abstain', reason: 'unsure' }, null),
      decided('o1'),
    ]);
    const { positions } = buildRecord(
      { events: abstained, resolve: noLongTexts },
      identity,
      sha256,
    );

    expect(positions).toMatchObject([{ answer: '', sha256: sha256('null') }]);
  });

  test('ends at the last event before the seal, and leaves out what comes after', () => {
    const seal = { ...eventAt(events, 1), type: 'conclave.decision.sealed.v1' as const, seq: 14 };
    const late = { ...eventAt(events, 11), seq: 15 };
    const again = buildRecord(
      { events: [...events, seal, late], resolve: noLongTexts },
      identity,
      sha256,
    );

    expect(again).toEqual(record);
    expect(record.head).toEqual({ stream: sampleStream, seq: 13, hash: eventAt(events, 13).hash });
  });

  test('reads long texts where they are kept', () => {
    const long = 'word '.repeat(4000);
    const reference = { artifact: sha256(long), bytes: long.length };
    const happenings = [
      opened(plan({ optionKeys: [] }), { question: reference, options: [] }),
      position(
        turnRef('proposal', 1, 's1'),
        single('a1'),
        said(reference, { rationale: reference }),
      ),
      position(turnRef('proposal', 1, 's2'), single('a2'), said('short')),
      decided('a2'),
    ];
    const resolve = ({ artifact }: { artifact: string }): string =>
      artifact === reference.artifact ? long : '';
    const made = buildRecord({ events: chained(happenings), resolve }, identity, sha256);

    expect(made.question).toEqual({ sha256: reference.artifact, bytes: long.length });
    expect(made.positions[0]?.answer).toBe(long);
    expect(made.decision.dissent[0]?.rationale).toBe(long);
  });

  test('signs everything but the signature', () => {
    const text = new TextDecoder().decode(signedBytes({ ...record, signature: 'AAAA' }));

    expect(text).toBe(canonicalJson(record));
    expect(signedBytes(record)).toEqual(signedBytes({ ...record, signature: 'BBBB' }));
  });
});
