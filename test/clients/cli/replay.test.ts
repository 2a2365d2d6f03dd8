import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { runCommandLine } from '../../../clients/cli/program.ts';
import type { Moment } from '../../../domain/replay/moment.ts';
import { canonicalJson } from '../../../domain/ledger/canonical.ts';
import { position } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';
import { runOf } from '../../domain/replay/driven-run.ts';
import { listening, sealedSample } from './sealed-sample.ts';

/** Two of three are for o1 in both rounds; the budget is twice what they use. */
const { events, record } = sealedSample(
  runOf(planWith({ budget: { tokens: 1_800, microsUsd: null } }), (turn) =>
    position(turn, turn.seat === 's3' ? 'o2' : 'o1'),
  ).events,
);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conclave-replay-'));
  await file('record.json', canonicalJson(record));
  await file('events.json', JSON.stringify(events));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function run(
  name: string,
  ...options: readonly string[]
): Promise<{ code: number; output: string }> {
  const { surroundings, printed, noted } = listening();
  const files = [join(folder, 'record.json'), '--events', join(folder, 'events.json')];
  const code = await runCommandLine([name, ...files, ...options], surroundings);
  return { code, output: [...printed, ...noted].join('\n') };
}

describe('replay', () => {
  test('says that a run comes to the same record', async () => {
    const { code, output } = await run('replay');

    expect(output).toBe(
      `equal: ${String(events.length)} events replayed, 5 decisions of the machine taken again, the record is the same byte by byte`,
    );
    expect(code).toBe(0);
  });

  test.each(['replay', 'what-if', 'compare', 'state'])(
    '%s tells nothing from a chain that does not hold',
    async (name) => {
      const text = JSON.stringify(events).replace('"option":"o2"', '"option":"o1"');
      const tampered = await file('tampered.json', text);

      const { code, output } = await run(name, '--events', tampered);

      expect(output).toContain('the record does NOT hold, so nothing is told from it');
      expect(output).toContain('data.choice.option is "o1", was "o2"');
      expect(code).toBe(1);
    },
  );

  test('answers programs', async () => {
    const { output } = await run('replay', '--json');

    expect(JSON.parse(output)).toEqual({ kind: 'equal', events: events.length, decided: 5 });
  });

  test('names a decision that the machine would not have taken, though all is signed', async () => {
    const other = sealedSample();
    const named = await file('sample.json', canonicalJson(other.record));
    const { surroundings, printed } = listening();

    const args = [
      named,
      '--events',
      await file('sample-events.json', JSON.stringify(other.events)),
    ];
    const code = await runCommandLine(['replay', ...args], surroundings);

    expect(printed.join('')).toContain(
      'DIFFERENT  event 8, directives.context: recorded is "summary", the replay comes to "full"',
    );
    expect(code).toBe(1);
  });

  test('wants the key that was pinned', async () => {
    const key = await file('other.pem', sealedSample().publicKeyPem);

    const { code, output } = await run('replay', '--key', key);

    expect(output).toContain('publicKey is not the key that was pinned');
    expect(code).toBe(1);
  });

  test('needs events', async () => {
    const { surroundings, noted } = listening();

    const code = await runCommandLine(['replay', join(folder, 'record.json')], surroundings);

    expect(noted.join('\n')).toContain("required option '--events <file>' not specified");
    expect(code).toBe(2);
  });
});

describe('what-if', () => {
  test('tells another outcome and what it would have cost', async () => {
    const { code, output } = await run('what-if', '--protocol', 'unanimity');

    expect(output).toContain('no decision (no-quorum) [simulated]');
    expect(output).toContain('the outcome changes from words of o1 to no decision: no-quorum');
    expect(output).toContain('against what was paid: 0 calls, 0 tokens, 0 USD');
    expect(output).toContain('note: The seats answered under plurality');
    expect(code).toBe(0);
  });

  test('leaves an agent out, round by round', async () => {
    const { output } = await run('what-if', '--without-agent', 'a3', '--rounds', '1');

    expect(output).toContain('the outcome stays the same');
    expect(output).toContain('s3: words of o2 -> no vote');
    expect(output).toContain('-4 calls, -600 tokens, -0.00012 USD');
  });

  test('takes weights and says what they change', async () => {
    const { output } = await run('what-if', '--protocol', 'weighted', '--weight', 's3=9');

    expect(output).toContain('the outcome changes from words of o1 to words of o2');
  });

  test('tells what a gate would have saved', async () => {
    const loose = '{"disagreementMax":1,"marginMin":0,"confidenceMin":0}';
    const { output } = await run('what-if', '--gate', loose);

    expect(output).toContain('stopped by gate');
    expect(output).toContain('against what was paid: -3 calls');
    expect(output).toContain('note: The gate took confidences as they were stated');
  });

  test('says which replies were never given, and ends with 1', async () => {
    const { code, output } = await run('what-if', '--protocol', 'judge');

    expect(output).toBe(
      [
        'cannot be answered: replies are needed that were never given',
        '  judgement-2-chair of a1: the judge was never asked',
        'note: The seats answered under plurality; under judge they might have answered otherwise.',
      ].join('\n'),
    );
    expect(code).toBe(1);
  });

  test('answers programs', async () => {
    const { output } = await run('what-if', '--quorum', '2', '--no-stop-on-stability', '--json');

    expect(JSON.parse(output)).toMatchObject({
      kind: 'answered',
      decision: { answer: 'words of o1' },
      influenced: [],
    });
  });

  test.each<[string[], string]>([
    [['--quorum', '9'], 'quorum: got 9, expected 1 to 3, the number of participants'],
    [['--quorum', '0'], 'quorum: got 0, expected a whole number from 1 to 50'],
    [['--protocol', 'dice'], '--protocol: got "dice", expected JSON or one of plurality'],
    [['--weight', 's1'], '--weight: got "s1", expected seat=weight'],
    [['--weight', 's1=x'], '--weight s1=x: got "x", expected a number'],
    [['--without-agent', 'zed'], 'without[0]: got "zed", expected one of: a1, a2, a3'],
    [['--rounds', 'x'], 'expected a number'],
    [['--gate', 'loose'], '--gate: got "loose", expected on, off or JSON'],
    [['--gate', '{"marginMin":2}'], 'gate.marginMin: got 2, expected a number from 0 to 1'],
  ])('%j is wrong usage', async (options, message) => {
    const { code, output } = await run('what-if', ...options);

    expect(output).toContain(message);
    expect(code).toBe(2);
  });
});

test('compare shows every protocol', async () => {
  const { code, output } = await run('compare');
  const json = await run('compare', '--json');

  expect(output).toContain('recorded: words of o1');
  expect(output).toMatch(/\* plurality +yes +words of o1/);
  expect(output).toMatch(/ {2}supermajority \(share 0.667\) +yes/);
  expect(output).toMatch(/ranked \(method schulze\) +- +cannot be answered: 3 replies were never/);
  expect(output).toMatch(/judge +- +cannot be answered: 1 reply was never/);
  expect((JSON.parse(json.output) as { rows: unknown[] }).rows).toHaveLength(9);
  expect(code).toBe(0);
});

describe('state', () => {
  test('shows a moment by number', async () => {
    const { code, output } = await run('state', '--seq', '4');

    expect(output).toBe(
      [
        `event 4 of ${String(events.length)}, 2026-11-21T09:00:03.000Z: running, round 1`,
        'proposal: answered s1, s2; outstanding s3',
        '  s1 a1: words of o1',
        '  s2 a2: words of o1',
        'votes so far (plurality): words of o1',
        '  words of o1: 2',
        '  words of o2: 0',
        'spent: 300 tokens of 1800, 0.00006 USD of no limit, 2 calls; 16.7 % of the budget',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  test('shows the beginning and a moment by time', async () => {
    const first = await run('state', '--seq', '1');
    const timed = await run('state', '--at', '2026-11-21T09:00:03.500Z', '--json');

    expect(first.output).toContain('between passes\nno votes yet');
    expect((JSON.parse(timed.output) as Moment).seq).toBe(4);
  });

  test.each<[string[], string]>([
    [['--seq', '99'], 'seq: got 99, expected a whole number from 1 to'],
    [['--at', 'noon'], 'expected a time as RFC 3339'],
    [['--at', '2020-01-01T00:00:00Z'], 'at: got "2020-01-01T00:00:00Z", expected a time from'],
  ])('%j is wrong usage', async (options, message) => {
    const { code, output } = await run('state', ...options);

    expect(output).toContain(message);
    expect(code).toBe(2);
  });
});
