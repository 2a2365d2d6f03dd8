import { setTimeout as wait } from 'node:timers/promises';

import type { BenchStack } from '../bench-stack.ts';
import { figure, median } from '../figures.ts';
import type { Finding } from '../figures.ts';

const RUNS = 30;
const ENDED_MS_MAX = 1000;
/** From the start of a run until it is cancelled, so that its program is on its way. */
const BEGUN_MS = 100;
const GIVEN_UP_MS = 60_000;
const path = '/v1/sandbox/runs';

/** Measures how long runs in the sandbox go on after they were cancelled: from the request to the event of their end. */
export async function measureCancellations({ stack }: BenchStack): Promise<Finding> {
  const { apiAddress, apiKey } = stack;
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) times.push(await cancelled(apiAddress, apiKey));
  return {
    measurement: `runs in the sandbox that are cancelled, ${String(RUNS)} one after the other`,
    figures: [
      figure('asked for and ended, p50', median(times), 'ms'),
      figure('the same, at most', Math.max(...times), 'ms', { kind: 'most', value: ENDED_MS_MAX }),
    ],
    notes: ['each sleeps on; its end is seen in the stream of its events'],
  };
}

async function cancelled(address: string, apiKey: string): Promise<number> {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const post = async (at: string, body: object): Promise<Response> =>
    await fetch(address + at, { method: 'POST', headers, body: JSON.stringify(body) });
  const argv = ['/bin/sleep', '600'];
  const limits = { timeMs: GIVEN_UP_MS };
  const started = await post(path, { lane: 'command', argv, limits });
  if (!started.ok) throw new Error(`start of a run: ${await started.text()}`);
  const { id } = (await started.json()) as { id: string };
  const stream = await fetch(`${address}${path}/${id}/events`, {
    headers: { ...headers, accept: 'text/event-stream' },
  });
  const types = eventTypes(stream);
  await seen(types, 'conclave.sandbox.started.v1');
  await wait(BEGUN_MS);
  const askedAt = performance.now();
  const [answer] = await Promise.all([
    post(`${path}/${id}/cancel`, {}),
    seen(types, 'conclave.sandbox.ended.v1'),
  ]);
  const ms = performance.now() - askedAt;
  await types.return();
  if (!answer.ok) throw new Error(`cancelling ${id}: ${await answer.text()}`);
  return ms;
}

async function seen(types: AsyncGenerator<string, void>, type: string): Promise<void> {
  for (;;) {
    const next = await types.next();
    if (next.done === true) throw new Error(`the stream ended before ${type}`);
    if (next.value === type) return;
  }
}

async function* eventTypes(stream: Response): AsyncGenerator<string, void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of stream.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const [, type] = /^event: ?(.+)$/.exec(line) ?? [];
      if (type !== undefined) yield type;
    }
  }
}
