import { describe, expect, test } from '@jest/globals';

import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { Changes } from '../../../domain/replay/changes.ts';
import { compare } from '../../../domain/replay/comparison.ts';
import type { ForkAsked } from '../../../domain/replay/fork-schema.ts';
import { whatIf } from '../../../domain/replay/what-if.ts';
import type { Interruptions } from '../../support/drive.ts';
import { planWith, seats } from '../../support/plans.ts';
import { answered, reasonsIn, saying } from './asking.ts';
import { runOf, type DrivenRun } from './driven-run.ts';
import { driveOn, fork } from './forked-run.ts';

const wavering = { 'proposal-1-s1': 'o2', 'proposal-1-s2': 'o2' };
const steady = { s1: 'o2', s2: 'o2', s3: 'o2' };

/** A fork of a debate, driven to its end; the deadline of a late one passed after two of its first positions. */
function forked(
  plan: Partial<Plan>,
  asked: ForkAsked,
  { answers = wavering, isLate = false }: { answers?: object; isLate?: boolean } = {},
): DrivenRun {
  const interruptions: Interruptions = isLate ? { 4: { type: 'deadline.passed' } } : {};
  const planned = planWith({ stopOnStability: false, ...plan });
  const panel = saying(answers as Record<string, string>);
  const origin = runOf(planned, panel, { interruptions });
  return driveOn(fork(origin.events, asked), panel);
}

function of(run: DrivenRun, changes: Changes): ReturnType<typeof whatIf> {
  return whatIf(run.recorded, changes);
}

describe('a what-if of a fork', () => {
  test('takes the replies that were taken over, whatever closed their pass', () => {
    // The third seat was still out when the deadline passed; it has no part in the round that the fork adds.
    const run = forked({ rounds: 1 }, { rounds: 2 }, { isLate: true });

    const unchanged = of(run, {});

    expect(run.recorded.run.state.passes[0]).toMatchObject({ reason: 'deadline' });
    expect(answered(unchanged).difference).toMatchObject({ isSameOutcome: true, calls: 0 });
    expect(answered(of(run, { rounds: 1 })).decision).toMatchObject({
      answer: 'words of o2',
      cost: { calls: 0, reused: 2 },
    });
  });

  test('takes passes with the seats that the budget of the origin had left', () => {
    const five = { seats: seats(5), budget: { tokens: 820, microsUsd: null } };
    const run = forked(five, { rounds: 3 });

    expect(run.recorded.run.state.passes.map(({ standing }) => Object.keys(standing))).toHaveLength(
      3,
    );
    expect(run.facts.filter(({ type }) => type === 'round.opened')[1]).toMatchObject({
      seats: { length: 3 },
    });
    expect(reasonsIn(of(run, {}))).toEqual(['answered']);
  });

  test('goes without an agent also where it spoke in the part that was taken over', () => {
    const run = forked({}, { seq: 6 });

    const without = answered(of(run, { without: ['a1'] }));

    expect(without.decision.votes.map(({ seat }) => seat)).toEqual(['s2', 's3']);
    expect(without.influenced).toEqual(['revision-2-s2', 'revision-2-s3']);
    expect(without.decision.cost).toMatchObject({ calls: 2, reused: 2 });
  });

  test('ends where the change would have ended the part that was taken over', () => {
    const run = forked({ rounds: 3 }, {}, { answers: steady });

    const stable = answered(of(run, { stopOnStability: true }));

    expect(stable.decision).toMatchObject({ rounds: 2, stoppedBy: 'stability' });
  });

  test('names the replies that a pass would have waited for', () => {
    const early = { rounds: 1, endsEarly: true, seats: seats(5) };
    const run = forked(early, {}, { answers: steady });

    const reasons = reasonsIn(of(run, { protocol: { kind: 'unanimity' } }));

    expect(run.recorded.run.state.passes[0]).toMatchObject({ reason: 'certain' });
    expect(reasons).toEqual([
      expect.stringContaining('it was not answered in that pass'),
      expect.stringContaining('it was not answered in that pass'),
    ]);
  });

  test('names what the seats were never asked for', () => {
    const run = forked({ rounds: 1, optionKeys: [], pattern: 'consensus' }, {});

    const reasons = reasonsIn(of(run, { protocol: { kind: 'approval' } }));

    expect(reasons[0]).toContain('the nomination of round 1 never took place');
  });

  test('keeps what the chair did where its origin ended, though the fork went on', () => {
    const open: Partial<Plan> = {
      optionKeys: [],
      grouping: 'model',
      synthesis: true,
      protocol: { kind: 'judge' },
      rounds: 1,
    };
    const run = forked(open, { rounds: 2 });

    const unchanged = answered(of(run, {}));
    const plural = answered(of(run, { protocol: { kind: 'plurality' } }));

    expect(unchanged.difference).toMatchObject({ calls: 0, votes: [] });
    expect(unchanged.decision.cost).toEqual(run.record.decision.cost);
    expect([run.record.decision.cost.reused, plural.decision.cost.reused]).toEqual([6, 4]);
  });

  test('leaves out what its chair did about another vote', () => {
    const open: Partial<Plan> = { optionKeys: [], synthesis: true, rounds: 1 };
    const run = forked(open, { rounds: 2 });

    const without = answered(of(run, { without: ['a3'] }));

    expect(without.notes).toContain('The answer is told by its vote: nobody wrote this one up.');
  });

  test('counts it under every protocol', () => {
    const { rows } = compare(forked({}, { seq: 4 }).recorded);

    expect(rows).toHaveLength(9);
    expect(rows[0]).toMatchObject({ isOriginal: true, result: { kind: 'answered' } });
  });
});
