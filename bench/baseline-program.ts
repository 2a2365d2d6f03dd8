/**
 * The plain program that Conclave is compared with: the same model calls, each reply written with one INSERT.
 * It knows no ledger, no budget, no record, and a crash loses what is in flight. A process of its own.
 */
import { Agent, request } from 'node:http';

import postgres from 'postgres';

import { rounds, seats } from './reference-job.ts';

const [databaseUrl = '', modelsUrl = '', debatesText = '', inFlightText = ''] =
  process.argv.slice(2);
const POOL = 10;

// As long as a prompt of the reference job in its second round.
const prompt = 'The question, the options and what the others held so far. '.repeat(50);
const schema = {
  type: 'object',
  properties: {
    answer: { type: 'string', enum: ['monolith', 'microservices'] },
    rationale: { type: 'string' },
    confidence: { type: 'number' },
  },
};
const body = JSON.stringify({
  model: 'lean',
  messages: [{ role: 'user', content: prompt }],
  response_format: { type: 'json_schema', json_schema: { name: 'position', schema } },
});

const agent = new Agent({ keepAlive: true });
const sql = postgres(databaseUrl, { max: POOL, onnotice: () => undefined });
await sql`create schema if not exists baseline`;
await sql`create table if not exists baseline.replies (
  debate text not null, round integer not null, seat integer not null, reply json not null,
  at timestamptz not null default now(), primary key (debate, round, seat))`;
process.send?.({ kind: 'ready' });
process.once('disconnect', () => process.exit(0));
await new Promise((resolve) => process.once('message', resolve));

const startedAt = performance.now();
let left = Number(debatesText);
await Promise.all(Array.from({ length: Number(inFlightText) }, lane));
process.send?.({ kind: 'done', elapsedMs: performance.now() - startedAt });

async function lane(): Promise<void> {
  while (left > 0) {
    left -= 1;
    const debate = `baseline-${String(startedAt)}-${String(left)}`;
    for (let round = 1; round <= rounds; round += 1) {
      await Promise.all(
        Array.from({ length: seats }, async (_, seat) => {
          const reply = await ask();
          await sql`insert into baseline.replies (debate, round, seat, reply)
            values (${debate}, ${round}, ${seat}, ${reply}::text::json)`;
        }),
      );
    }
  }
}

async function ask(): Promise<string> {
  return await new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = request(
      `${modelsUrl}/chat/completions`,
      { method: 'POST', agent, headers },
      (answer) => {
        answer.setEncoding('utf8');
        let text = '';
        answer.on('data', (chunk: string) => (text += chunk));
        answer.once('end', () => {
          resolve(contentOf(text));
        });
      },
    );
    call.once('error', reject);
    call.end(body);
  });
}

function contentOf(text: string): string {
  const answer = JSON.parse(text) as { choices: { message: { content: string } }[] };
  return answer.choices[0]?.message.content ?? '{}';
}
