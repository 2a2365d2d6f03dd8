import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import {
  brokenAnalysis,
  cuttingProvider,
  isCutting,
  isWriting,
  partsOf,
  reported,
  threeParts,
  type Listed,
  type Proposed,
} from './analysed.ts';
import { House, type Shown } from './house.ts';
import { answered, awaited } from './people.ts';
import type { Script, ScriptedProvider } from './scripted-provider.ts';

interface Problem {
  readonly code: string;
  readonly errors: readonly { readonly field: string; readonly expected: string }[];
}

type ShownPart = Shown & { readonly parent: Listed['parent'] };

let house: House;
const runMs = 90_000;
const models = ['sim-ada', 'sim-bo'];
const question = 'How do we move the archive to another town?';

beforeAll(async () => {
  house = await House.open();
}, runMs);

afterAll(() => house.close());

interface Analysed {
  readonly run: Shown;
  readonly provider: ScriptedProvider;
}

/** An analysis by two seats that has ended. */
async function analyse(
  parts: readonly Proposed[],
  { script, ...more }: { readonly script?: Script; readonly [field: string]: unknown } = {},
): Promise<Analysed> {
  const provider = await cuttingProvider(parts, script);
  const participants = await house.agentsOf(provider, models);
  const run = await house.run({ pattern: 'analysis', question, participants, ...more });
  await provider.close();
  return { run, provider };
}

async function problemOf(path: string, body: object): Promise<{ status: number } & Problem> {
  const answer = await house.call<Problem>(path, { body });
  return { status: answer.status, ...answer.body };
}

describe('an analysis in three parts', () => {
  let analysed: Analysed;

  beforeAll(async () => {
    analysed = await analyse(threeParts, { thoroughness: 0.5, budget: { tokens: 400_000 } });
  }, runMs);

  test('answers with what its parts came to, each by its kind', () => {
    const { run } = analysed;

    expect(run).toMatchObject({
      pattern: 'analysis',
      status: 'completed',
      decision: { kind: 'decided', stoppedBy: 'parts', partial: false, contradictions: [] },
    });
    expect(
      reported(run).map(({ part, kind, pattern, ending }) => [part, kind, pattern, ending]),
    ).toEqual([
      ['p1', 'factual', 'consensus', 'answered'],
      ['p2', 'security', 'debate', 'answered'],
      ['p3', 'planning', 'debate', 'answered'],
    ]);
    expect(run.decision?.explanation).toContain('3 of 3 parts answered');
    for (const { answer } of reported(run)) expect(run.decision?.answer).toContain(answer);
  });

  test('has collaborations of their own as parts, which know whose parts they are', async () => {
    const { id } = analysed.run;

    const parts = await partsOf(house, id);

    expect(parts.map((part) => part.id)).toEqual([`${id}-p1`, `${id}-p2`, `${id}-p3`]);
    expect(reported(analysed.run).map(({ collaboration }) => collaboration)).toEqual(
      parts.map((part) => part.id),
    );
    for (const part of ['p1', 'p2', 'p3']) {
      const shown = (await house.call<ShownPart>(`/v1/collaborations/${id}-${part}`)).body;
      expect(shown).toMatchObject({
        status: 'completed',
        parent: { collaborationId: id, part, links: { self: `/v1/collaborations/${id}` } },
      });
    }
  });

  test('stands in the list, its parts do not', async () => {
    const { body } = await house.call<{ items: Listed[] }>('/v1/collaborations?limit=200');

    const ids = body.items.map((item) => item.id);

    expect(ids).toContain(analysed.run.id);
    expect(ids.filter((id) => id.includes('-p'))).toEqual([]);
  });

  test('gives a part the answers that it needs, and no others', () => {
    const { asked } = analysed.provider;
    const of = (index: number): readonly string[] =>
      asked
        .filter(({ question: text }) => text === threeParts[index]?.question)
        .map(({ text }) => text);

    expect([0, 1, 2].filter((index) => of(index).length < models.length)).toEqual([]);
    expect(of(2).every((text) => text.includes('answer-of-p1.md'))).toBe(true);
    expect(of(2).some((text) => text.includes('answer-of-p2.md'))).toBe(false);
    expect([...of(0), ...of(1)].some((text) => text.includes('answer-of-'))).toBe(false);
    expect(of(0).every((text) => text.includes(question))).toBe(true);
  });

  test('keeps every promise of a run, in the whole and in its parts', async () => {
    expect(await brokenAnalysis(house, analysed.run)).toEqual([]);
  });

  test('belongs to its tenant, and so do its parts', async () => {
    const other = await House.open();
    const { status } = await other.call(`/v1/collaborations/${analysed.run.id}-p1`);
    const listed = await partsOf(other, analysed.run.id);
    await other.close();

    expect(status).toBe(404);
    expect(listed).toEqual([]);
  });

  test('takes no fork and no what-if, and says why', async () => {
    const path = `/v1/collaborations/${analysed.run.id}`;

    const fork = await problemOf(`${path}/forks`, {});
    const whatIf = await problemOf(`${path}/replays`, { protocol: { kind: 'unanimity' } });
    const comparison = await house.call<Problem>(`${path}/comparison`);
    const replayed = await house.call<{ kind: string }>(`${path}/replays`, { body: {} });

    expect(fork).toMatchObject({ status: 422, code: 'input-invalid' });
    expect(whatIf).toMatchObject({ status: 422, code: 'input-invalid' });
    expect(comparison.status).toBe(422);
    expect(replayed.body.kind).toBe('equal');
  });
});

test(
  'an analysis names the contradictions between its parts',
  async () => {
    const contradictions = [{ parts: ['p1', 'p2'], about: 'whether it can be done in a year' }];
    const { run } = await analyse(threeParts, {
      script: (asked) => (isWriting(asked) ? { says: { contradictions } } : {}),
    });

    expect(run.decision).toMatchObject({ kind: 'decided', contradictions });
    expect(run.decision?.explanation).toContain('1 contradiction between parts');
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'an analysis in which a part fails answers with the others, and says so',
  async () => {
    const { run } = await analyse(threeParts, {
      script: ({ question: text }) => (text === threeParts[1]?.question ? { status: 400 } : {}),
    });

    expect(run.decision).toMatchObject({ kind: 'decided', partial: true });
    expect(run.decision?.explanation).toMatch(/^2 of 3 parts answered; p2 /);
    expect(reported(run)[1]).toMatchObject({ ending: 'unanswered', answer: null });
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'a part that needs only parts without an answer is not begun',
  async () => {
    const { run } = await analyse(threeParts, {
      script: ({ question: text }) => (text === threeParts[0]?.question ? { status: 400 } : {}),
    });

    expect(reported(run)[2]).toMatchObject({
      ending: 'refused',
      reason: 'needs-missing',
      collaboration: null,
    });
    expect(run.decision).toMatchObject({ kind: 'decided', partial: true });
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'an analysis whose chair cannot cut the question answers it in one part',
  async () => {
    const { run } = await analyse([
      { question: 'Which comes first?', kind: 'planning', after: ['p2'] },
      { question: 'Which comes second?', kind: 'planning', after: ['p1'] },
    ]);

    expect(reported(run).map((part) => [part.part, part.question, part.ending])).toEqual([
      ['p1', question, 'answered'],
    ]);
    expect(run.decision).toMatchObject({ kind: 'decided', partial: false });
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'an analysis with the least that it is taken with stays within it',
  async () => {
    const body = { pattern: 'analysis', question, parts: 3 };
    const provider = await cuttingProvider(threeParts);
    const participants = await house.agentsOf(provider, models);
    const estimate = await house.call<{ estimate: { oneRoundTokens: number } }>(
      '/v1/collaborations/estimate',
      { body: { ...body, participants } },
    );
    const tokens = estimate.body.estimate.oneRoundTokens;

    const run = await house.run({ ...body, participants, budget: { tokens } });
    await provider.close();

    expect(run.status).toBe('completed');
    expect(run.budget.settled.tokens).toBeLessThanOrEqual(tokens);
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'a part for which no budget is left is not begun, and the others answer',
  async () => {
    const body = { pattern: 'analysis', question, parts: 3 };
    const provider = await cuttingProvider(threeParts, ({ question: text }) =>
      // More than any call may take.
      text === threeParts[0]?.question ? { usage: { input: 42_000, cached: 0, output: 0 } } : {},
    );
    const participants = await house.agentsOf(provider, models);

    const run = await house.run({ ...body, participants, budget: { tokens: 100_000 } });
    await provider.close();

    expect(run.decision).toMatchObject({ partial: true });
    expect(reported(run)[2]).toMatchObject({ ending: 'refused', reason: 'budget' });
    expect(run.decision?.explanation).toContain(
      'p3 was not begun, for its share of the budget was too small',
    );
    expect(await brokenAnalysis(house, run)).toEqual([`${run.id}-p1: used more than its share`]);
  },
  runMs,
);

test(
  'people have the last word on an analysis',
  async () => {
    const provider = await cuttingProvider(threeParts);
    const participants = await house.agentsOf(provider, models);
    const people = { points: ['decision'], expiresAfterSeconds: 600 };
    const id = await house.start({ pattern: 'analysis', question, participants, people });

    const asked = await awaited(house, id, 'decision-1');
    const { status } = await answered(house, asked.id, { answer: 'approve' });
    const run = await house.ended(id);
    await provider.close();

    expect(asked.question).toContain('The parts taken together');
    expect(status).toBe(200);
    expect(run.decision?.people?.decision).toMatchObject({ answer: 'approve' });
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'two analyses at once do not meet',
  async () => {
    const runs = await Promise.all([analyse(threeParts), analyse(threeParts.slice(0, 2))]);

    const parts = await Promise.all(runs.map(({ run }) => partsOf(house, run.id)));

    expect(parts.map(({ length }) => length)).toEqual([3, 2]);
    for (const { run } of runs) expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'the simulated panel cuts a question and writes it up',
  async () => {
    const participants = ['sim-ada', 'sim-bo', 'sim-cy'];
    const run = await house.run({ pattern: 'analysis', question, participants });

    expect(run).toMatchObject({
      simulated: true,
      decision: { kind: 'decided', partial: false },
    });
    expect(reported(run)).toHaveLength(4);
    expect(await brokenAnalysis(house, run)).toEqual([]);
  },
  runMs,
);

test.each([
  [{ options: ['Yes', 'No'] }, 'options'],
  [{ parts: 13 }, 'parts'],
  [{ parts: 0 }, 'parts'],
  [{ rounds: 2 }, 'rounds'],
  [{ protocol: { kind: 'judge' } }, 'protocol'],
  [{ gate: {} }, 'gate'],
  [{ pattern: 'debate', parts: 2 }, 'parts'],
])('an analysis with %j is refused', async (more, field) => {
  const { status, code, errors } = await problemOf('/v1/collaborations', {
    pattern: 'analysis',
    question,
    ...more,
  });

  expect({ status, code }).toEqual({ status: 422, code: 'input-invalid' });
  expect(errors.map((error) => error.field)).toContain(field);
});

test('an analysis asks its chair alone to cut and to write', async () => {
  const { provider, run } = await analyse(threeParts);

  const own = provider.asked.filter((asked) => isCutting(asked) || isWriting(asked));

  expect(own.map(({ model }) => model)).toEqual(['sim-ada', 'sim-ada']);
  expect(run.decision?.cost.calls).toBe(provider.asked.length);
});
