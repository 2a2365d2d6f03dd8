import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { analysis } from '../../../domain/analysis/analysis.ts';
import type { Part } from '../../../domain/analysis/analysis-terms.ts';
import { partsIn } from '../../../domain/analysis/parts.ts';
import type { Fact, FactOf } from '../../../domain/collaboration/fact.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import { foldRun } from '../../../domain/machines.ts';
import { analysisPlan, answered, chair, part, unanswered } from '../../support/analyses.ts';
import { drive, type Driven, type Parts } from '../../support/drive.ts';

const reserve = { tokens: 300, microsUsd: 60 };

/** Up to six parts, each of which may need any before it. */
const graphs: fc.Arbitrary<readonly Part[]> = fc
  .array(fc.array(fc.nat({ max: 5 }), { maxLength: 3 }), { minLength: 2, maxLength: 6 })
  .map((needs) =>
    needs.map((after, index) => {
      const earlier = [...new Set(after.filter((other) => other < index))];
      return part(
        `p${String(index + 1)}`,
        earlier.map((other) => `p${String(other + 1)}`),
      );
    }),
  );

interface Chances {
  readonly parts: readonly Part[];
  readonly tokens: number | null;
  /** What each part uses of its share, and whether it answers. */
  readonly ends: readonly { readonly share: number; readonly isAnswer: boolean }[];
  /** Which of the running parts ends next. */
  readonly picks: readonly number[];
  readonly stop: { readonly after: number; readonly fact: Fact } | null;
}

const stops: readonly Fact[] = [
  { type: 'collaboration.cancelled', by: 'ann', reason: 'enough' },
  { type: 'closing.requested', by: 'ann', scope: 'run' },
  { type: 'deadline.passed' },
];

const chances: fc.Arbitrary<Chances> = fc.record({
  parts: graphs,
  tokens: fc.option(fc.integer({ min: 100, max: 20_000 })),
  ends: fc.array(
    fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), isAnswer: fc.boolean() }),
    { minLength: 6, maxLength: 6 },
  ),
  picks: fc.array(fc.nat({ max: 5 }), { minLength: 12, maxLength: 12 }),
  stop: fc.option(
    fc.record({ after: fc.integer({ min: 2, max: 14 }), fact: fc.constantFrom(...stops) }),
  ),
});

function ending({ ends }: Chances, name: string, state: RunState): FactOf<'part.ended'> {
  const { share, isAnswer } = ends[Number(name.slice(1)) - 1] ?? { share: 1, isAnswer: true };
  const most = state.parts?.[name]?.budget?.tokens ?? 1000;
  const end = isAnswer ? answered(name) : unanswered(name);
  return { ...end, charged: { tokens: Math.floor(most * share), microsUsd: 60 } };
}

function run(drawn: Chances): Driven {
  let turn = 0;
  const parts: Parts = (running, state) => {
    const next = running[(drawn.picks[turn % drawn.picks.length] ?? 0) % running.length];
    turn += 1;
    return next === undefined ? [] : [ending(drawn, next, state)];
  };
  const plan = analysisPlan({ budget: { tokens: drawn.tokens, microsUsd: null } });
  const interruptions = drawn.stop === null ? {} : { [drawn.stop.after]: drawn.stop.fact };
  return drive(analysis, plan, chair(drawn.parts), { parts, interruptions });
}

function prefixes({ facts }: Driven): RunState[] {
  return facts.map((_fact, index) => foldRun(facts.slice(0, index + 1)));
}

function promised({ parts }: RunState): number {
  return partsIn(parts, 'running').reduce((sum, { budget }) => sum + (budget?.tokens ?? 0), 0);
}

test('an analysis never promises more than it has, whatever its parts use and in whatever order they end', () => {
  fc.assert(
    fc.property(chances, (drawn) => {
      const most = drawn.tokens ?? Infinity;

      for (const state of prefixes(run(drawn))) {
        // What the cut itself cost beyond a tiny budget is nobody's promise.
        const room = Math.max(most, state.spent.tokens + reserve.tokens);
        const isBeforeSynthesis = state.synthesised === undefined;
        const held = isBeforeSynthesis ? reserve.tokens : 0;
        expect(promised(state) + state.spent.tokens + held).toBeLessThanOrEqual(room);
      }
    }),
  );
});

test('an analysis comes to one verdict, after every part has ended once', () => {
  fc.assert(
    fc.property(chances, (drawn) => {
      const { facts, state } = run(drawn);

      const ends = facts.flatMap((fact) => (fact.type === 'part.ended' ? [fact.part] : []));
      expect(new Set(ends).size).toBe(ends.length);
      expect(ends.length).toBe(Object.keys(state.parts ?? {}).length);
      expect(facts.findLast((fact) => !stops.includes(fact))?.type).toBe('decision.reached');
      expect(facts.filter(({ type }) => type === 'decision.reached')).toHaveLength(1);
    }),
  );
});

test('a part begins only after all that it needs, of which one at least has answered', () => {
  fc.assert(
    fc.property(chances, (drawn) => {
      const driven = run(drawn);
      const states = prefixes(driven);

      driven.facts.forEach((fact, index) => {
        if (fact.type !== 'part.opened') return;
        const { after } = drawn.parts.find((one) => one.part === fact.part) ?? part('p0');
        const needs = after.map((name) => states[index]?.parts?.[name]?.end?.ending);
        expect(needs).not.toContain(undefined);
        expect(needs.length === 0 || needs.includes('answered')).toBe(true);
      });
    }),
  );
});

test('what parts answered does not hang on the order in which they end', () => {
  const outcome = ({ state }: Driven): unknown => ({
    verdict: state.verdict,
    ends: Object.values(state.parts ?? {}).map(({ end }) => [end?.ending, end?.reason]),
  });

  fc.assert(
    fc.property(chances, chances, (drawn, other) => {
      const free = { ...drawn, tokens: null, stop: null };

      expect(outcome(run({ ...free, picks: other.picks }))).toEqual(outcome(run(free)));
    }),
  );
});

test('no part begins after a stop', () => {
  fc.assert(
    fc.property(chances, (drawn) => {
      const { facts } = run(drawn);
      const stoppedAt = facts.findIndex((fact) => stops.includes(fact));

      const later = stoppedAt === -1 ? [] : facts.slice(stoppedAt + 1);
      expect(later.map(({ type }) => type)).not.toContain('part.opened');
    }),
  );
});
