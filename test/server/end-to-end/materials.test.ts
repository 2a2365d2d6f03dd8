import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { MaterialRef } from '../../../domain/ledger/event.ts';
import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';
import { ScriptedProvider } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const megabyte = 1_000_000;

/** A picture of one red pixel. */
const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

/** Text of which every piece says where it stands. */
function textOf(bytes: number): string {
  const line = (number: number): string =>
    `This is line ${String(number).padStart(8, '0')} of it.\n`;
  return Array.from({ length: bytes / line(0).length + 1 }, (_, number) => line(number))
    .join('')
    .slice(0, bytes);
}

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface Opened {
  readonly run: Shown;
  readonly materials: readonly MaterialRef[];
  readonly leftOut: readonly (readonly string[])[];
}

async function voteOver(materials: readonly object[], more: object): Promise<Opened> {
  const run = await house.run({
    pattern: 'consensus',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    materials,
    endsEarly: false,
    ...more,
  });
  const events = await house.events(run.id);
  const content = (index: number): Record<string, unknown> =>
    (events[index]?.data['content'] ?? {}) as Record<string, unknown>;
  const positions = events.flatMap(({ type }, index) =>
    type === 'conclave.position.submitted.v1' ? [content(index)] : [],
  );
  return {
    run,
    materials: content(0)['materials'] as MaterialRef[],
    leftOut: positions.map(({ leftOut }) => leftOut as string[]),
  };
}

async function put(bytes: Buffer, mediaType: string): Promise<{ status: number; sha256: string }> {
  const headers = { 'content-type': mediaType };
  const answer = await house.call<{ sha256: string }>('/v1/artifacts', { body: bytes, headers });
  return { status: answer.status, sha256: answer.body.sha256 };
}

describe('a text of a megabyte', () => {
  test(
    'is kept whole by its hash; the prompt takes what fits the budget and says what was left out',
    async () => {
      const text = textOf(megabyte);
      const provider = await ScriptedProvider.start();
      const participants = await house.agentsOf(provider, ['sim-ada', 'sim-bo']);
      const { run, materials, leftOut } = await voteOver([{ name: 'log.txt', text }], {
        participants,
        budget: { tokens: 30_000 },
      });
      const kept = await house.call<string>(`/v1/artifacts/${sha256(text)}`);
      await provider.close();

      const note = /first ([\d,]+) of 1,000,000 bytes/;
      expect(materials).toMatchObject([{ name: 'log.txt', sha256: sha256(text), bytes: megabyte }]);
      expect(kept.body).toBe(text);
      expect(leftOut).toEqual([[expect.stringMatching(note)], [expect.stringMatching(note)]]);
      expect(provider.asked).toHaveLength(2);
      for (const asked of provider.asked) {
        const taken = Number(note.exec(asked.text)?.[1]?.replaceAll(',', ''));
        expect(asked.text).toContain('This is line 00000000 of it.');
        expect(taken).toBeGreaterThan(10_000);
        expect(asked.text.length).toBeGreaterThan(taken);
        expect(asked.text.length).toBeLessThan(100_000);
      }
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'reaches every seat whole where there is room for it',
    async () => {
      const text = textOf(megabyte / 20);
      const provider = await ScriptedProvider.start();
      const participants = await house.agentsOf(provider, ['sim-ada', 'sim-bo']);
      const { run, leftOut } = await voteOver([{ name: 'log.txt', text }], { participants });
      await provider.close();

      const last = text.trimEnd().split('\n').at(-1) ?? 'none';
      expect(leftOut).toEqual([[], []]);
      expect(provider.asked.map((asked) => asked.text.includes(last))).toEqual([true, true]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('an artifact', () => {
  test(
    'that was put before is read by its hash',
    async () => {
      const words = `The store must run on a boat, ${randomUUID()}.`;
      const stored = await put(Buffer.from(words), 'text/plain');
      const provider = await ScriptedProvider.start();
      const participants = await house.agentsOf(provider, ['sim-ada', 'sim-bo']);
      const { run } = await voteOver([{ artifact: stored.sha256, name: 'note' }], { participants });
      await provider.close();

      expect(stored).toEqual({ status: 201, sha256: sha256(words) });
      expect(provider.asked.map(({ text }) => text.includes(words))).toEqual([true, true]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'that is an image is shown to an agent with vision, and named to one without',
    async () => {
      const stored = await put(picture, 'image/png');
      const provider = await ScriptedProvider.start();
      const [seeing] = await house.agentsOf(provider, ['sim-ada'], {
        capabilities: { vision: true },
      });
      const [blind] = await house.agentsOf(provider, ['sim-bo'], {
        capabilities: { vision: false },
      });
      const { run, leftOut } = await voteOver([{ artifact: stored.sha256, name: 'plan.png' }], {
        participants: [seeing, blind],
      });
      await provider.close();

      const shown = Object.fromEntries(provider.asked.map(({ model, images }) => [model, images]));
      const told = provider.asked.find(({ model }) => model === 'sim-bo')?.text;
      expect(shown).toEqual({ 'sim-ada': 1, 'sim-bo': 0 });
      expect(told).toContain('plan.png: an image, which this agent does not take');
      expect(leftOut.flat()).toEqual(['plan.png: an image, which this agent does not take']);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test('that nobody put is refused by name, and nothing is started', async () => {
    const artifact = sha256(randomUUID());
    const question = `Which store is it, ${randomUUID()}?`;
    const answer = await house.call<{ errors: { field: string }[] }>('/v1/collaborations', {
      body: { pattern: 'consensus', question, options: ['a', 'b'], materials: [{ artifact }] },
    });
    const list = await house.call<{ items: { question: string }[] }>('/v1/collaborations');

    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ field }) => field)).toEqual(['materials[0].artifact']);
    expect(list.body.items.map((item) => item.question)).not.toContain(question);
  });
});
