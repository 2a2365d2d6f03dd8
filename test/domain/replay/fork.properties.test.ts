import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Fact, TurnCost } from '../../../domain/collaboration/fact.ts';
import { resumptionOf } from '../../../domain/ledger/resumption.ts';
import { costsOf, readRun } from '../../../domain/ledger/run-reading.ts';
import { totalCost } from '../../../domain/ledger/cost.ts';
import { foldRun } from '../../../domain/machines.ts';
import { originFindings } from '../../../domain/replay/origin-check.ts';
import { compare } from '../../../domain/replay/comparison.ts';
import { replay } from '../../../domain/replay/replay.ts';
import { whatIf } from '../../../domain/replay/what-if.ts';
import { noLongTexts, sha256 } from '../ledger/sample-run.ts';
import type { DrivenRun } from './driven-run.ts';
import { driveOn, factsOfFork, fork, type Forked } from './forked-run.ts';
import { panelOf, runs } from './run-arbitrary.ts';

const seeds = fc.string({ minLength: 4, maxLength: 4 });

/** A run that has ended, and a place in it at which it can be forked. */
const forkable = fc.tuple(runs, fc.nat()).map(([run, drawn]) => {
  const decidedAt = run.facts.findIndex(({ type }) => type === 'decision.reached');
  return { run, seq: 1 + (drawn % decidedAt) };
});

function forkAt({ run, seq }: { run: DrivenRun; seq: number }): Forked {
  return fork(run.events, { seq });
}

test('a fork at any place goes on to an end, and its fold is what the workflow has', () => {
  fc.assert(
    fc.property(forkable, seeds, (at, seed) => {
      const forked = forkAt(at);

      const driven = driveOn(forked, panelOf(seed));

      const resumed = resumptionOf(driven.events.slice(0, forked.events.length), []);
      const machineFacts = driven.facts.slice(forked.events.length);
      expect(resumed.state).toEqual(foldRun(factsOfFork(forked)));
      expect(foldRun([...factsOfFork(forked), ...machineFacts])).toEqual(driven.recorded.run.state);
      expect(driven.recorded.run.state.verdict).not.toBeNull();
    }),
  );
});

test('no turn that a fork took over is asked again, nor any of a pass that had closed', () => {
  fc.assert(
    fc.property(forkable, seeds, (at, seed) => {
      const forked = forkAt(at);
      const { turns, passes } = foldRun(factsOfFork(forked));

      const { asked } = driveOn(forked, panelOf(seed));

      const closed = passes.map(({ phase, round }) => `${phase}-${String(round)}-s`);
      expect(asked.filter((turn) => turn in turns)).toEqual([]);
      expect(asked.filter((turn) => closed.some((pass) => turn.startsWith(pass)))).toEqual([]);
    }),
  );
});

test('what a fork reuses is what its origin had paid by then, and costs the fork nothing', () => {
  fc.assert(
    fc.property(forkable, ({ run, seq }) => {
      const forked = forkAt({ run, seq });

      const reused = factsOfFork(forked).flatMap((fact) => reusedBy(fact));
      const sources = reused.map((number) => run.facts[number - 1]);
      const until = readRun(run.events.slice(0, seq), noLongTexts);
      const paid = totalCost(costsOf(until));
      expect(totalCost(sources.flatMap((fact) => costOf(fact)))).toEqual(paid);
      const { spent } = foldRun(factsOfFork(forked));
      expect(spent).toMatchObject({ tokens: 0, microsUsd: 0, calls: 0, unknownCalls: 0 });
    }),
  );
});

test('a fork pays for its own calls alone, and says how many it reused', () => {
  fc.assert(
    fc.property(forkable, seeds, (at, seed) => {
      const forked = forkAt(at);
      const reused = factsOfFork(forked).flatMap((fact) => reusedBy(fact)).length;

      const { record, asked } = driveOn(forked, panelOf(seed));

      const { cost } = record.decision;
      expect(cost.calls).toBeLessThanOrEqual(asked.length);
      expect(cost.reused ?? 0).toBe(reused);
      expect(cost.inputTokens).toBe(100 * cost.calls);
    }),
  );
});

test('the replay of any fork is equal, and so is a what-if of it that changes nothing', () => {
  fc.assert(
    fc.property(
      forkable,
      seeds,
      fc.option(fc.integer({ min: 1, max: 5 })),
      fc.boolean(),
      ({ run, seq }, seed, rounds, stopOnStability) => {
        const least = Math.max(rounds ?? 1, foldRun(run.facts.slice(0, seq)).round);
        const forked = fork(run.events, {
          seq,
          stopOnStability,
          ...(rounds === null ? {} : { rounds: least }),
        });

        const { events, record, recorded } = driveOn(forked, panelOf(seed));

        const source = { events, record, resolve: noLongTexts };
        expect(replay(source, sha256)).toMatchObject({ kind: 'equal', events: events.length });
        const unchanged = whatIf(recorded, {});
        expect(unchanged.kind === 'answered' ? unchanged.decision : unchanged).toEqual(
          record.decision,
        );
        expect(compare(recorded).rows[0]).toMatchObject({ result: { kind: 'answered' } });
      },
    ),
    { numRuns: 300 },
  );
});

test('what a fork took over is found in its origin, and nothing that was changed is', () => {
  fc.assert(
    fc.property(forkable, seeds, fc.nat(), ({ run, seq }, seed, drawn) => {
      const forked = forkAt({ run, seq });
      const { events, record } = driveOn(forked, panelOf(seed));

      const origin = run.events.slice(0, seq);
      const whole = originFindings({ record, events, origin }, sha256);
      const at = drawn % origin.length;
      const changed = origin.map((event, index) =>
        index === at ? { ...event, data: { ...event.data, round: 77 } } : event,
      );

      expect(whole.map(({ ok }) => ok)).toEqual([true]);
      const found = originFindings({ record, events, origin: changed }, sha256);
      expect(found.map(({ ok }) => ok)).toEqual([false]);
    }),
  );
});

test('a fork of a fork reuses replies of the fork, whoever paid them', () => {
  fc.assert(
    fc.property(forkable, seeds, fc.nat(), (at, seed, drawn) => {
      const first = forkAt(at);
      const { events, facts } = driveOn(first, panelOf(seed));
      const decidedAt = facts.findIndex(({ type }) => type === 'decision.reached');
      const seq = 1 + (drawn % decidedAt);

      const second = fork(events, { seq }, 'c_second');
      const driven = driveOn(second, panelOf(seed), 'c_second');

      expect(second.plan.origin).toMatchObject({ collaborationId: 'c_fork', seq });
      const source = { events: driven.events, record: driven.record, resolve: noLongTexts };
      expect(replay(source, sha256)).toMatchObject({ kind: 'equal' });
    }),
  );
});

function reusedBy(fact: Fact): readonly number[] {
  return 'turn' in fact && 'usage' in fact && fact.reused !== undefined ? [fact.reused] : [];
}

function costOf(fact: Fact | undefined): readonly TurnCost[] {
  return fact !== undefined && 'turn' in fact && 'usage' in fact ? [fact] : [];
}
