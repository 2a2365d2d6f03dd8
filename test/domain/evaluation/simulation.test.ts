import { describe, expect, test } from '@jest/globals';

import { turnRef, type Fact } from '../../../domain/collaboration/fact.ts';
import { evolveRun, openRun } from '../../../domain/collaboration/run-state.ts';
import type { Machine } from '../../../domain/collaboration/step.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import { rosterOf } from '../../../domain/evaluation/roster.ts';
import { strategies } from '../../../domain/evaluation/strategies.ts';
import { planOf, type Strategy } from '../../../domain/evaluation/strategy.ts';
import { simulateWith, pooledConfidence, simulate } from '../../../domain/evaluation/simulation.ts';
import { planWith, seats } from '../../support/plans.ts';
import { memberWith, questionsOf, scenarioWith } from './panels.ts';

const scenario = scenarioWith();
const [question] = questionsOf(scenario, 1);

function strategyNamed(name: string): Strategy {
  const found = strategies.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no strategy ${name}`);
  return found;
}

function runsOf(name: string, fields: Parameters<typeof scenarioWith>[0] = {}, count = 200) {
  const asked = scenarioWith(fields);
  const plan = planOf(strategyNamed(name), rosterOf(asked, 0));
  return questionsOf(asked, count).map((one) => ({ question: one, run: simulate(plan, one) }));
}

describe('a simulated run', () => {
  test('tells right from wrong by the truth', () => {
    for (const { question: one, run } of runsOf('one agent, any')) {
      const [member] = one.seated;
      const answer = member?.view.ranking[0];
      expect(run.outcome).toBe(answer === one.truth ? 'right' : 'wrong');
      expect(run.isLure).toBe(answer === one.lure);
      expect(run.confidence).toBeCloseTo(Number(member?.confidence), 12);
    }
  });

  test('without a decision has no confidence', () => {
    const undecided = runsOf('vote, unanimity').filter(({ run }) => run.outcome === 'none');

    expect(undecided.length).toBeGreaterThan(0);
    for (const { run } of undecided) {
      expect(run).toMatchObject({ isLure: false, confidence: null });
    }
  });

  test('costs less where it ends early', () => {
    const plan = planOf(strategyNamed('debate, 2 rounds'), rosterOf(scenario, 0));
    const tokens = (endsEarly: boolean): number =>
      questionsOf(scenario, 100).reduce(
        (total, one) => total + simulate({ ...plan, endsEarly }, one).tokens,
        0,
      );

    expect(tokens(true)).toBeLessThan(tokens(false));
  });

  test('of silent members only comes to no decision', () => {
    const members = [1, 2, 3].map(() => memberWith({ fault: 'silent' }));

    for (const { run } of runsOf('debate, 2 rounds', { members }, 5)) {
      expect(run).toEqual({ outcome: 'none', isLure: false, tokens: 0, confidence: null });
    }
  });

  test('gives the same result again', () => {
    const once = runsOf('debate, 3 rounds').map(({ run }) => run);

    expect(runsOf('debate, 3 rounds').map(({ run }) => run)).toEqual(once);
  });

  test.each(strategies.map(({ name }) => name))('of "%s" comes to a verdict', (name) => {
    expect(runsOf(name, {}, 30)).toHaveLength(30);
  });
});

describe('a machine that is no good', () => {
  const base = { open: openRun, evolve: evolveRun };
  const plan = planOf(strategyNamed('vote, plurality'), rosterOf(scenario, 0));
  const endless: Machine<RunState> = { ...base, next: () => ({ kind: 'record', facts: [] }) };
  const waiting: Machine<RunState> = { ...base, next: () => ({ kind: 'wait', reason: 'paused' }) };

  test.each([
    ['records nothing for ever', endless],
    ['waits for a person', waiting],
  ])('is told when it %s', (_, machine) => {
    expect(question).toBeDefined();
    expect(() => question && simulateWith(machine, plan, question)).toThrow(
      'a simulated run of consensus came to no verdict',
    );
  });
});

describe('pooled confidence', () => {
  const held = (seat: string, option: string, confidence: number | null): Fact => ({
    type: 'position.submitted',
    ...turnRef('vote', 1, seat),
    choice: { kind: 'single', option },
    confidence,
    citing: null,
    usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0 },
    microsUsd: 0,
  });
  const stateOf = (
    facts: readonly Fact[],
    protocol: 'plurality' | 'weighted' = 'plurality',
  ): RunState => {
    const [one, ...others] = seats(3);
    const weighted = one === undefined ? others : [{ ...one, weight: 3 }, ...others];
    const plan = planWith({ pattern: 'consensus', seats: weighted, protocol: { kind: protocol } });
    return facts.reduce(evolveRun, openRun({ type: 'collaboration.opened', plan }));
  };

  test('is the mean of what each seat leaves for the answer', () => {
    const state = stateOf([held('s1', 'o1', 0.9), held('s2', 'o2', 0.7)]);

    expect(pooledConfidence(state, 'o1', 4)).toBeCloseTo((0.9 + 0.1) / 2, 12);
  });

  test('counts weights where the protocol does', () => {
    const state = stateOf([held('s1', 'o1', 0.9), held('s2', 'o2', 0.7)], 'weighted');

    expect(pooledConfidence(state, 'o1', 4)).toBeCloseTo((3 * 0.9 + 0.1) / 4, 12);
  });

  test('is chance level where nobody stated any', () => {
    expect(pooledConfidence(stateOf([held('s1', 'o1', null)]), 'o1', 4)).toBe(0.25);
  });
});
