import { describe, expect, test } from '@jest/globals';

import { keys } from './fake-house.ts';
import type { House } from './fake-house.ts';
import { problemIn } from './problem-body.ts';
import { createRunningHouse } from './running-house.ts';

interface Resolved {
  readonly answer: string;
  readonly note: string | null;
  readonly resolvedAt: string;
  readonly seats: readonly { readonly seat: string; readonly blind: object | null }[];
}

/** What the seats of the house's debate answer, blind: ada and bob say tabs, cyd says spaces. */
const blind = [
  ['ada', 'o1', 0.9],
  ['bob', 'o1', 0.6],
  ['cyd', 'o2', 0.7],
] as const;

/** A house in which tenant `a` has a debate that has ended. */
async function createEndedHouse(): Promise<{ house: House; id: string; path: string }> {
  const running = await createRunningHouse();
  const { house, id } = running;
  blind.forEach(([agent, option, confidence], index) => {
    const turn = { task: 'proposal', round: 1, seat: `s${index + 1}` };
    house.append('a', id, {
      type: 'conclave.position.submitted.v1',
      data: {
        ...turn,
        turn: `proposal-1-s${index + 1}`,
        choice: { kind: 'single', option },
        confidence,
        citing: null,
        usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 1 },
        microsUsd: 1,
        content: { agent, answer: '', rationale: '' },
      },
    });
  });
  house.seal('a', id);
  return { ...running, path: `${running.path}/resolution` };
}

async function resolved(response: Response): Promise<Resolved> {
  expect(response.status).toBe(200);
  return (await response.json()) as Resolved;
}

describe('a resolution', () => {
  test('says who was right, blind and in the end', async () => {
    const { house, path } = await createEndedHouse();

    const answer = await resolved(
      await house.post(path, { answer: 'spaces', note: 'the linter says so' }),
    );

    expect(answer).toMatchObject({
      answer: 'spaces',
      answerKey: 'o2',
      note: 'the linter says so',
      questionKind: 'other',
      control: { kind: 'decided', answer: 'tabs', isRight: false },
      seats: [
        { seat: 's1', agent: 'ada', isTrial: true, blind: { choice: 'tabs', isRight: false } },
        { seat: 's2', blind: { confidence: 0.6, isRight: false } },
        { seat: 's3', blind: { choice: 'spaces', confidence: 0.7, isRight: true } },
      ],
    });
    expect(await resolved(await house.request(path))).toEqual(answer);
  });

  test('is answered again as before, whatever key, words or note say the same', async () => {
    const { house, path } = await createEndedHouse();
    const first = await resolved(await house.post(path, { answer: 'spaces' }));
    house.nowMs += 60_000;

    const again = await house.post(path, { answer: 'spaces' });
    const byKey = await house.post(path, { answer: 'o2', note: 'too late' });

    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await resolved(again)).toEqual(first);
    expect(await resolved(byKey)).toEqual(first);
  });

  test('that contradicts is refused with what stands, and changes nothing', async () => {
    const { house, path } = await createEndedHouse();
    await house.post(path, { answer: 'spaces', note: 'measured' });

    const response = await house.post(path, { answer: 'tabs' });
    const problem = await problemIn(response);

    expect(problem).toMatchObject({
      status: 409,
      code: 'already-resolved',
      errors: [{ field: 'answer', got: '"tabs"', expected: '"spaces"' }],
    });
    expect(problem.detail).toContain('as "spaces" ("measured")');
    expect(await (await house.request(path)).json()).toMatchObject({ answer: 'spaces' });
  });

  test.each([
    [{ answer: 'both' }, 'answer', '"both"', 'one of: "tabs", "spaces"'],
    [{}, 'answer', 'nothing', 'a text of 1 to 20,000 characters'],
    [{ answer: ' ' }, 'answer', '" "', 'a text of 1 to 20,000 characters, not only blanks'],
    [{ answer: 7 }, 'answer', '7', 'a text of 1 to 20,000 characters'],
    [{ answer: ['tabs'] }, 'answer', 'a list of 1', 'a text of 1 to 20,000 characters'],
    [
      { answer: 'tabs', note: '' },
      'note',
      '""',
      'a text of 1 to 2,000 characters, not only blanks',
    ],
    [
      { answer: 'tabs', note: 'a\0b' },
      'note',
      '"a\\u0000b"',
      'a text of 1 to 2,000 characters, without NUL and lone surrogates',
    ],
    [{ answer: 'tabs', by: 'me' }, 'by', '"me"', 'only known fields'],
  ])('as %j is refused by field', async (body, field, got, expected) => {
    const { house, path } = await createEndedHouse();

    const problem = await problemIn(await house.post(path, body));

    expect(problem.status).toBe(422);
    expect(problem.errors).toContainEqual({ field, got, expected });
    expect((await house.request(path)).status).toBe(404);
  });

  test('of a run that goes on is refused', async () => {
    const { house, path } = await createRunningHouse();

    const given = await problemIn(await house.post(`${path}/resolution`, { answer: 'tabs' }));
    const read = await problemIn(await house.request(`${path}/resolution`));

    expect([given.status, given.code, read.code]).toEqual([409, 'not-ended', 'not-ended']);
    expect(given.errors).toEqual([
      { field: 'status', got: 'running', expected: 'completed, failed or cancelled' },
    ]);
  });

  test('does not exist for another tenant, nor before it is given', async () => {
    const { house, path } = await createEndedHouse();
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ answer: 'tabs' }),
    };

    const foreign = await house.request(path, { ...init, key: keys.b });
    const early = await problemIn(await house.request(path));

    expect(foreign.status).toBe(404);
    expect(early).toMatchObject({ status: 404, code: 'not-found' });
  });
});

describe("an agent's calibration", () => {
  const own = '/v1/agents/ada/calibration';

  test('is that of its model, which its peers of the same model share', async () => {
    const { house, path } = await createEndedHouse();
    await house.post(path, { answer: 'spaces' });

    const shown = await (await house.request(own)).json();

    expect(shown).toMatchObject({
      agent: 'ada',
      model: 'm',
      questions: 1,
      trials: 3,
      score: { trials: 3, accuracy: 1 / 3 },
      kinds: {
        other: { questions: 1, trials: 3 },
        security: { questions: 0, trials: 0, brier: null },
      },
      links: { plot: '/v1/agents/ada/calibration.svg' },
    });
    const { score } = shown as { score: { brier: number; bins: unknown[] } };
    expect(score.brier).toBeCloseTo((0.81 + 0.36 + 0.09) / 3, 12);
    expect(score.bins).toHaveLength(10);
  });

  test('of a model without a record has no score', async () => {
    const { house } = await createRunningHouse();

    expect(await (await house.request(own)).json()).toMatchObject({
      questions: 0,
      score: null,
      map: { slope: 0.5, intercept: 0 },
    });
  });

  test('is drawn for whoever asks for a picture', async () => {
    const { house, path } = await createEndedHouse();
    await house.post(path, { answer: 'spaces' });

    const byHeader = await house.request(own, { headers: { accept: 'image/svg+xml' } });
    const byPath = await house.request(`${own}.svg`);
    const json = await house.request(own, {
      headers: { accept: 'image/svg+xml, application/json' },
    });
    const text = await byPath.text();

    expect(byHeader.headers.get('content-type')).toBe('image/svg+xml');
    expect(byPath.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await byHeader.text()).toBe(text);
    expect(text).toContain('ada: openai-compatible/m');
    expect(json.headers.get('content-type')).toContain('application/json');
  });

  test.each(['nobody', '%00'])('of %s does not exist', async (name) => {
    const { house } = await createRunningHouse();

    const answers = await Promise.all(
      ['calibration', 'calibration.svg'].map((part) => house.request(`/v1/agents/${name}/${part}`)),
    );

    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  });
});

describe('weights by record', () => {
  const request = {
    pattern: 'consensus',
    question: 'Tabs or spaces?',
    options: ['tabs', 'spaces'],
    participants: ['ada', 'bob'],
    protocol: { kind: 'weighted', by: 'record' },
  };

  test('are in the estimate with what they come from, and change with the next resolution', async () => {
    const { house, path } = await createEndedHouse();
    const planOf = async (): Promise<{ calibration: { version: string; seats: object } }> => {
      const answer = await house.post('/v1/collaborations/estimate', request);
      expect(answer.status).toBe(200);
      return (
        (await answer.json()) as { plan: { calibration: { version: string; seats: object } } }
      ).plan;
    };

    const before = await planOf();
    await house.post(path, { answer: 'tabs' });
    const after = await planOf();

    expect(before.calibration.seats).toMatchObject({ s1: { accuracy: 0.6, trials: { all: 0 } } });
    expect(after.calibration.seats).toMatchObject({
      s1: { accuracy: expect.closeTo(8 / 13, 6), trials: { kind: 3, all: 3 } },
    });
    expect(after.calibration.version).not.toBe(before.calibration.version);
  });

  test('come with a start, and stay those of its plan', async () => {
    const { house, path } = await createEndedHouse();
    const started = await house.post('/v1/collaborations', request);
    const { id, plan } = (await started.json()) as { id: string; plan: object };
    await house.post(path, { answer: 'tabs' });

    const shown = (await (await house.request(`/v1/collaborations/${id}`)).json()) as object;

    expect(started.status).toBe(202);
    expect(plan).toHaveProperty('calibration.version');
    expect(shown).toMatchObject({ plan });
  });

  test('take none from a participant, neither at the start nor later', async () => {
    const { house } = await createEndedHouse();
    const heavy = { ...request, participants: [{ agent: 'ada', weight: 3 }, 'bob'] };
    const { id } = (await (await house.post('/v1/collaborations', request)).json()) as {
      id: string;
    };

    const refused = await problemIn(await house.post('/v1/collaborations', heavy));
    const late = await problemIn(
      await house.post(`/v1/collaborations/${id}/participants`, { agent: 'cyd', weight: 1 }),
    );
    await house.post(`/v1/collaborations/${id}/participants`, { agent: 'cyd' });

    expect(refused.errors).toMatchObject([{ field: 'participants[0].weight', got: '3' }]);
    expect(late.errors).toMatchObject([{ field: 'weight', got: '1' }]);
    // Of one model with the two that are there, which weigh 1 each: less for a third one of it.
    expect(house.steered.at(-1)?.input).toMatchObject({ seat: { agent: 'cyd', weight: 0.75 } });
  });
});

test('a start that tolerates more faults than its seats can is refused', async () => {
  const { house } = await createRunningHouse();

  const problem = await problemIn(
    await house.post('/v1/collaborations', {
      pattern: 'consensus',
      question: 'Tabs or spaces?',
      participants: ['ada', 'bob', 'cyd'],
      protocol: { kind: 'quorum', required: 2 },
      toleratedFaults: 1,
    }),
  );

  expect(problem.errors.map(({ field }) => field)).toEqual([
    'toleratedFaults',
    'protocol.required',
  ]);
});
