import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { temporal } from '@temporalio/proto';

import { historyScenarios, sandboxScenarios } from '../support/history-scenarios.ts';
import { historyNamed, historyOf, recordedHistories, wordsOf } from '../support/histories.ts';
import { bundleWithinMs, openReplayer, replayWithinMs } from '../support/replaying.ts';
import type { Replayer } from '../support/replaying.ts';

let replayer: Replayer;

beforeAll(async () => {
  replayer = await openReplayer();
}, bundleWithinMs);

afterAll(() => replayer.close());

describe('the workflows', () => {
  test.each(recordedHistories)(
    'still do what they did in $name',
    async (history) => {
      await expect(replayer.replay(history)).resolves.toBe('replayed');
    },
    replayWithinMs,
  );

  test(
    'are caught when they call an activity by another name',
    async () => {
      const history = historyNamed('debate/closed-five-seats-three-rounds');

      const replayed = replayer.replay(history, (text) =>
        text.replaceAll('"askAgent"', '"askPanel"'),
      );

      await expect(replayed).rejects.toThrow(/askAgent.*askPanel|askPanel.*askAgent/s);
    },
    replayWithinMs,
  );
});

describe('a recorded history', () => {
  test('is there for every scenario', () => {
    const scenarios = [...historyScenarios, ...sandboxScenarios];
    const names = scenarios.map(({ workflow, name }) => `${workflow}/${name}`).sort();

    expect(recordedHistories.map(({ name }) => name)).toEqual(names);
  });

  test.each(recordedHistories)('names no host, path or person in $name', (history) => {
    const words = wordsOf(history);
    const identities = [...words.matchAll(/"identity":"([^"]*)"/g)].map(([, name]) => name);

    expect(words).not.toMatch(
      /@|file:|\/home|\/root|\/tmp|\/work|node_modules|127\.0\.0|localhost/,
    );
    expect(new Set([...words.matchAll(/\/users\/\w+/g)].flat())).toEqual(
      words.includes('/users/') ? new Set(['/users/local']) : new Set(),
    );
    expect(identities).toEqual(
      identities.filter((name) => /^(api|w[0-9a-f]{8})$/.test(name ?? '')),
    );
  });

  test.each(recordedHistories)('holds nothing that was asked or said in $name', (history) => {
    const words = wordsOf(history);

    const { body, steps } =
      historyScenarios.find(({ workflow, name }) => `${workflow}/${name}` === history.name) ?? {};
    const options = Array.isArray(body?.['options']) ? (body['options'] as string[]) : [];
    const messages = (steps ?? []).flatMap(([, { text }]) =>
      typeof text === 'string' ? text : [],
    );
    const question = body === undefined ? [] : [String(body['question'])];
    const said = [...question, ...options, ...messages, 'spoken by'];

    expect(said.filter((phrase) => words.includes(phrase))).toEqual([]);
    expect(words).not.toContain('[simulated]');
  });

  test('of a closed debate of five seats and three rounds has at most 90 events and 16 KB', () => {
    const history = historyOf(historyNamed('debate/closed-five-seats-three-rounds'));

    const { byteLength } = temporal.api.history.v1.History.encode(history).finish();

    expect(history.events?.length).toBeLessThanOrEqual(90);
    expect(byteLength).toBeLessThanOrEqual(16 * 1024);
  });
});
