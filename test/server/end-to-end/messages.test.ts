import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { House } from './house.ts';
import { brokenPromises } from './promises.ts';
import { createGate, ScriptedProvider } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const models = ['sim-ada', 'sim-bo'];
const text = 'The store must run on a boat.\n\n## Decision\n\n**SQLite**';

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

/** A debate of two rounds that got the message while its first was open, and has ended. */
async function debateWithMessage(): Promise<{ id: string; messageId: string }> {
  const gate = createGate();
  const provider = await ScriptedProvider.start(() => gate.opened.then(() => ({})));
  const id = await house.start({
    pattern: 'debate',
    gate: 'off',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: await house.agentsOf(provider, models),
    rounds: 2,
    stopOnStability: false,
    endsEarly: false,
  });
  await provider.until(() => provider.asked.length === models.length);
  const path = `/v1/collaborations/${id}/messages`;
  const { body } = await house.call<{ messageId: string }>(path, { body: { text } });
  gate.open();
  const run = await house.ended(id);
  await provider.close();
  expect(await brokenPromises(house, run)).toEqual([]);
  return { id, messageId: body.messageId };
}

describe('a message to a debate', () => {
  test(
    'stands in the transcript between the round in which it came and the next, and passes for nothing else',
    async () => {
      const { id } = await debateWithMessage();
      const path = `/v1/collaborations/${id}/transcript`;
      const markdown = (await house.call<string>(path)).body;
      const lines = markdown.split('\n');

      const at = lines.findIndex((line) => line.includes('Message from'));
      expect(lines[at]).toMatch(/^> Message from .*: The store must run on a boat\.$/);
      expect(at).toBeGreaterThan(lines.findIndex((line) => line.startsWith('## Round 1')));
      expect(at).toBeLessThan(lines.findIndex((line) => line.startsWith('## Round 2')));
      // The only heading of that name is the transcript's own.
      expect(lines.filter((line) => line.startsWith('## Decision'))).toEqual(['## Decision']);
    },
    runMs,
  );

  test(
    'is told by the ledger with its id, before the next round opens',
    async () => {
      const { id, messageId } = await debateWithMessage();

      const events = await house.events(id);
      const seqOf = (type: string, round: number): number =>
        events.find((event) => event.type === type && event.data['round'] === round)?.seq ?? 0;
      const added = events.filter(({ type }) => type === 'conclave.message.added.v1');
      expect(added.map(({ data }) => data)).toMatchObject([{ messageId, content: { text } }]);
      expect(added[0]?.seq).toBeGreaterThan(seqOf('conclave.round.opened.v1', 1));
      expect(added[0]?.seq).toBeLessThan(seqOf('conclave.round.opened.v1', 2));
    },
    runMs,
  );
});
