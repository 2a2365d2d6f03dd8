import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { House } from './house.ts';
import { brokenPromises } from './promises.ts';
import { ScriptedProvider } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const longestName = 64;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

describe('personas of a run', () => {
  test(
    'may have the longest names in any script, and each seat reads its own',
    async () => {
      const names = Array.from('一二三四五六七', (mark) => mark.repeat(longestName));
      const personas = Object.fromEntries(names.map((name) => [name, `Think as ${name} does.`]));
      const provider = await ScriptedProvider.start();
      const [first, second] = await house.agentsOf(provider, ['sim-ada', 'sim-bo']);
      const run = await house.run({
        pattern: 'consensus',
        question: 'Which store?',
        options: ['Postgres', 'SQLite'],
        personas,
        participants: [{ agent: first, personas: names }, second],
        endsEarly: false,
      });
      await provider.close();

      const told = (model: string): number[] =>
        provider.asked
          .filter((asked) => asked.model === model)
          .map(({ text }) => names.filter((name) => text.includes(`Think as ${name}`)).length);
      expect(told('sim-ada')).toEqual([names.length]);
      expect(told('sim-bo')).toEqual([0]);
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([null, null]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
