import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { factOf } from '../../../domain/ledger/event.ts';
import { compare } from '../../../domain/replay/comparison.ts';
import { isDecidedFact } from '../../../domain/replay/recorded-run.ts';
import { replay, replayFacts } from '../../../domain/replay/replay.ts';
import { whatIf } from '../../../domain/replay/what-if.ts';
import { noLongTexts, sha256 } from '../ledger/sample-run.ts';
import { recordedAs } from './driven-run.ts';
import { protocols, runs } from './run-arbitrary.ts';

test('the replay of any run is equal to its record', () => {
  fc.assert(
    fc.property(runs, ({ events, record }) => {
      const result = replay({ events, record, resolve: noLongTexts }, sha256);

      expect(result).toMatchObject({ kind: 'equal', events: events.length });
    }),
  );
});

test('answers of one pass in another order replay as well', () => {
  fc.assert(
    fc.property(runs, fc.nat(), ({ facts }, turned) => {
      const closed = facts.findIndex(({ type }) => type === 'round.closed');
      const isPlain = facts.slice(2, closed).every((fact) => 'turn' in fact);
      fc.pre(isPlain && closed > 3);
      const pass = facts.slice(2, closed);
      const at = turned % pass.length;
      const other = [
        ...facts.slice(0, 2),
        ...pass.slice(at),
        ...pass.slice(0, at),
        ...facts.slice(closed),
      ];

      const { events, record } = recordedAs(other);

      expect(replay({ events, record, resolve: noLongTexts }, sha256).kind).toBe('equal');
    }),
  );
});

test('one changed event is named, whatever it is', () => {
  fc.assert(
    fc.property(runs, fc.nat(), ({ events, record }, drawn) => {
      const at = drawn % events.length;
      const changed = events.map((event, index) =>
        index === at ? { ...event, data: { ...event.data, round: 77 } } : event,
      );

      const result = replay({ events: changed, record, resolve: noLongTexts }, sha256);

      expect(result).toMatchObject({ kind: 'different', difference: { seq: at + 1 } });
    }),
  );
});

test('a decision of the machine that is changed is named, though the chain were mended', () => {
  fc.assert(
    fc.property(runs, fc.nat(), ({ events }, drawn) => {
      const facts = events.map((event) => ({ seq: event.seq, fact: factOf(event) ?? never() }));
      const decided = facts.filter(({ fact }) => isDecidedFact(fact));
      const wrong = decided[drawn % decided.length]?.seq ?? never();
      const changed = facts.map(({ seq, fact }) =>
        seq === wrong ? { seq, fact: { ...fact, extra: true } } : { seq, fact },
      );

      expect(replayFacts(changed)).toMatchObject({
        kind: 'different',
        difference: { seq: wrong, path: 'extra', recorded: true, replayed: null },
      });
    }),
  );
});

test('a what-if that changes nothing gives what was recorded', () => {
  fc.assert(
    fc.property(runs, ({ recorded, record }) => {
      const result = whatIf(recorded, {});

      expect(result).toMatchObject({
        kind: 'answered',
        difference: { isSameOutcome: true, votes: [], calls: 0 },
      });
      expect(result.kind === 'answered' && result.decision).toEqual(record.decision);
    }),
  );
});

test('a what-if never takes a call that was not made, and never breaks', () => {
  const changes = fc.record(
    {
      protocol: fc.constantFrom(...protocols),
      without: fc.constantFrom(['a1'], ['a2'], ['a1', 'a2'], ['a5']),
      rounds: fc.integer({ min: 1, max: 5 }),
      stopOnStability: fc.boolean(),
      weights: fc.constantFrom({ s1: 3 }, { s2: 0.5 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(runs, changes, ({ recorded, record }, changed) => {
      const result = whatIf(recorded, changed);

      const calls = result.kind === 'answered' ? result.decision.cost.calls : 0;
      expect(calls).toBeLessThanOrEqual(record.decision.cost.calls);
      const missing = result.kind === 'unanswerable' ? result.missing.length : 1;
      expect(missing).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test('every protocol has a row, and the own one says what was recorded', () => {
  fc.assert(
    fc.property(runs, ({ recorded, record }) => {
      const { rows } = compare(recorded);

      const kinds = new Set(rows.map(({ protocol }) => protocol.kind));
      expect(kinds.size).toBe(8);
      expect(rows[0]).toMatchObject({
        isOriginal: true,
        result: { kind: 'answered', decision: { explanation: record.decision.explanation } },
      });
    }),
  );
});

function never(): never {
  throw new Error('a run has no such fact');
}
