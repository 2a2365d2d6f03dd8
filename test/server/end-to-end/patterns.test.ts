import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { House } from './house.ts';
import { brokenPromises } from './promises.ts';

let house: House;
const options = ['Postgres', 'SQLite', 'MySQL'];
const runMs = 90_000;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

describe('a debate', () => {
  const shapes: readonly [string, object][] = [
    ['on a closed question', { options, rounds: 3 }],
    ['on an open question, written up by the chair', { synthesis: true }],
    ['with critiques of their own', { options, depth: 'split', rounds: 2 }],
    ['whose answers a model groups', { grouping: 'model', synthesis: false }],
    ['decided by a judge', { options, protocol: { kind: 'judge' } }],
  ];

  test.each(shapes)(
    '%s ends decided, sealed and whole',
    async (_name, more) => {
      const run = await house.run({ pattern: 'debate', question: 'Which store?', ...more });

      expect(run.decision).toMatchObject({ kind: 'decided', simulated: true });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a consensus round', () => {
  const protocols: readonly object[] = [
    { kind: 'plurality' },
    { kind: 'weighted' },
    { kind: 'approval' },
    { kind: 'ranked', method: 'schulze' },
    { kind: 'ranked', method: 'instant-runoff' },
    { kind: 'quorum', required: 2, veto: true },
    { kind: 'supermajority', share: 0.6 },
    { kind: 'unanimity' },
    { kind: 'judge' },
  ];

  test.each(protocols)(
    'by %j ends with a stated reason, sealed and whole',
    async (protocol) => {
      const body = { pattern: 'consensus', question: 'Which store?', options, protocol };
      const run = await house.run(body);

      expect(run.status).toBe('completed');
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'whose protocol needs options has them nominated',
    async () => {
      const protocol = { kind: 'approval' };
      const run = await house.run({ pattern: 'consensus', question: 'Which store?', protocol });

      const types = (await house.events(run.id)).map(({ data }) => data['phase']);
      expect(types).toContain('nomination');
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('the documented examples', () => {
  const files = readdirSync('docs/examples').filter((name) => name.endsWith('.json'));

  test.each(files)(
    '%s runs to a decision',
    async (file) => {
      const run = await house.run(
        JSON.parse(readFileSync(`docs/examples/${file}`, 'utf8')) as object,
      );

      expect(run.decision?.kind).toBe('decided');
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
