import { describe, expect, test } from '@jest/globals';

import { decisionText } from '../../../clients/cli/rendering.ts';
import { startBody } from '../../../clients/cli/start-request.ts';
import { sealedSample } from './sealed-sample.ts';

describe('the gate of a start', () => {
  test.each([
    ['off', 'off'],
    ['on', {}],
    ['{"marginMin": 0.6}', { marginMin: 0.6 }],
  ])('is sent as it was said: %s', async (given, gate) => {
    const body = await startBody('debate', 'Which store?', { gate: given });

    expect(body).toEqual({ pattern: 'debate', question: 'Which store?', gate });
  });

  test.each([
    ['maybe', '--gate: got "maybe", expected on, off or JSON'],
    ['{"marginMin":', '--gate: got JSON that does not parse'],
  ])('is refused before anything is sent: %s', async (gate, message) => {
    await expect(startBody('debate', 'Which store?', { gate })).rejects.toThrow(message);
  });
});

test('a decision tells who changed position, and by which argument', () => {
  const { decision } = sealedSample().record;
  const flip = { agent: 'a2', from: 'Postgres', to: 'MySQL o2' };
  const text = decisionText({
    ...decision,
    flips: [
      { ...flip, seat: 's2', round: 2, citing: 'proposal-1-s1' },
      { ...flip, seat: 's3', round: 3, citing: null },
    ],
  });

  expect(text).toContain('  flip of s2 in round 2: Postgres -> MySQL o2, citing proposal-1-s1');
  expect(text).toContain('  flip of s3 in round 3: Postgres -> MySQL o2, citing nothing');
});

test('a decision tells what its debate was worth beyond the vote', () => {
  const { decision } = sealedSample().record;
  const { cost } = decision;
  const text = decisionText({
    ...decision,
    debate: {
      control: {
        kind: 'decided',
        answer: `MySQL o2 ${'and more '.repeat(20)}`,
        reason: null,
        explanation: '',
      },
      gate: null,
      changed: true,
      rounds: [{ round: 1, ...cost }],
      chair: { ...cost, calls: 0 },
      marginal: { ...cost, flips: 1 },
    },
  });

  expect(text).toContain('  Blind vote alone: MySQL o2 and more');
  expect(text).toContain('…; the end is another.');
  expect(text).toContain('  The debate beyond it cost unknown tokens');
  expect(decisionText(decision)).not.toContain('Blind vote');
});
