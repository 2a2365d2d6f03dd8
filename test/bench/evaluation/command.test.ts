import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { strategies } from '../../../domain/evaluation/strategies.ts';

const program = fileURLToPath(new URL('../../../bench/evaluation/main.ts', import.meta.url));
const timeLimitMs = 60_000;

interface Said {
  readonly code: number | string;
  readonly out: string;
  readonly error: string;
}

/** Runs the command in a process of its own. */
function evaluate(...args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (failure, out, error) => {
      resolve({ code: failure?.code ?? 0, out, error });
    });
  });
}

describe('npm run evaluate', () => {
  test(
    'prints a table and the promises, and writes JSON and plot',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'conclave-evaluate-'));
      const [json, svg] = [join(folder, 'results.json'), join(folder, 'plot.svg')];

      const said = await evaluate(
        '--panels',
        '20',
        '--only',
        'mixed',
        '--json',
        json,
        '--svg',
        svg,
      );
      const results = JSON.parse(await readFile(json, 'utf8')) as {
        readonly results: readonly { readonly results: readonly unknown[] }[];
      };
      const plot = await readFile(svg, 'utf8');
      await rm(folder, { recursive: true });

      expect(said).toMatchObject({
        code: 0,
        error: expect.stringMatching(/^scenario 1 of 1, \d+ s\n$/),
      });
      for (const { name } of strategies) expect(said.out).toContain(name);
      expect(said.out).toMatch(/beats plain majority +mixed +default vote/);
      expect(said.out).toMatch(/ runs of \d+ strategies over 20 panels in \d+\.\d s/);
      expect(results.results[0]?.results).toHaveLength(strategies.length);
      expect(plot).toMatch(/^<svg [^>]+>/);
      expect(plot).toContain('Pareto front');
      expect(plot).not.toContain('NaN');
    },
    timeLimitMs,
  );

  test(
    'says what is wrong with a flag in one line and ends with 2',
    async () => {
      const said = await evaluate('--panels', 'many');

      expect(said).toEqual({
        code: 2,
        out: '',
        error: '--panels: got "many", expected a whole number from 10 to 10000\n',
      });
    },
    timeLimitMs,
  );

  test(
    'says that no model answers, and ends with 1',
    async () => {
      const nowhere = 'http://127.0.0.1:9/v1';

      const said = await evaluate('--base-url', nowhere, '--model', 'm', '--questions', '2');

      expect(said).toMatchObject({ code: 1, out: '' });
      expect(said.error).toContain(`--base-url: got ${nowhere}, expected a server that answers`);
    },
    timeLimitMs,
  );

  test(
    'says before the work that a file cannot be written',
    async () => {
      const said = await evaluate('--json', '/nowhere/at/all.json');

      expect(said).toEqual({
        code: 2,
        out: '',
        error: '--json: got "/nowhere/at/all.json", expected a file that can be written (ENOENT)\n',
      });
    },
    timeLimitMs,
  );
});
