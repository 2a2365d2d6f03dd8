import { expect, test } from '@jest/globals';

import { readOptions } from '../../../bench/evaluation/options.ts';
import { scenarios } from '../../../domain/evaluation/scenarios.ts';

test('without flags evaluates every scenario over 150 panels from seed 1', () => {
  expect(readOptions([])).toEqual({
    panels: 150,
    seed: 1,
    trials: undefined,
    only: scenarios.map(({ name }) => name),
    jsonFile: undefined,
    svgFile: undefined,
    job: undefined,
    measuresPriors: false,
    isHelp: false,
  });
});

test('takes a real model by address and name', () => {
  const { job } = readOptions(['--base-url', 'http://127.0.0.1:8080/v1', '--model', 'm']);

  expect(job).toEqual({
    baseUrl: 'http://127.0.0.1:8080/v1',
    model: 'm',
    seats: 3,
    questions: 20,
    seed: 1,
  });
});

test('takes a house without records', () => {
  expect(readOptions(['--trials', '0'])).toMatchObject({ trials: 0 });
});

test('takes the scenarios that are named, each once and in their own order', () => {
  expect(readOptions(['--only', 'mixed, independent,mixed']).only).toEqual([
    'independent',
    'mixed',
  ]);
});

test.each([
  [['--panels', '9'], '--panels: got "9", expected a whole number from 10 to 10000'],
  [['--panels', '1e3'], '--panels: got "1e3", expected a whole number from 10 to 10000'],
  [['--panels', ''], '--panels: got "", expected a whole number from 10 to 10000'],
  [['--seed', '-1'], expect.stringContaining('--seed')],
  [['--seed=-1'], '--seed: got "-1", expected a whole number from 0 to 4294967295'],
  [['--seed', '4294967296'], expect.stringMatching(/^--seed: got "4294967296"/)],
  [['--trials', '-0'], expect.stringContaining('--trials')],
  [['--trials', '10001'], '--trials: got "10001", expected a whole number from 0 to 10000'],
  [['--only', 'mixed,nobody'], expect.stringMatching(/^--only: got "nobody", expected indep/)],
  [['--json', ''], '--json: got an empty name, expected a file'],
  [['--svg', ''], '--svg: got an empty name, expected a file'],
  [['--model', 'm'], '--base-url: got nothing, expected the http or https URL of the server'],
  [['--base-url', 'ftp://a', '--model', 'm'], expect.stringMatching(/^--base-url: got "ftp/)],
  [
    ['--base-url', 'http://a/v1'],
    '--model: got nothing, expected the name of a model of the server',
  ],
  [['--seats', '1'], '--seats: got "1", expected a whole number from 2 to 9'],
  [['--questions', '1'], '--questions: got "1", expected a whole number from 2 to 10000'],
  [['--seats', '3'], '--seats: got "3", expected nothing without --base-url'],
  [['--priors', '--only', 'mixed'], '--only: got "mixed", expected nothing beside --priors'],
  [
    ['--base-url', 'http://a/v1', '--model', 'm', '--json', 'a.json'],
    '--json: got "a.json", expected nothing beside --base-url',
  ],
  [['--panel', '10'], expect.stringMatching(/'--panel'; expected --panels, --seed, --trials/)],
  [['mixed'], expect.stringMatching(/mixed'.*; expected --panels, --seed, --trials/)],
  [['--json'], expect.stringMatching(/--json.*; expected --panels/)],
])('refuses %j in one line', (args, message) => {
  let said = '';
  try {
    readOptions(args);
  } catch (error) {
    said = (error as Error).message;
  }

  expect(said).toEqual(message);
  expect(said).not.toContain('\n');
});
