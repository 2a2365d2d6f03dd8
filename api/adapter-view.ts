import { z } from '@hono/zod-openapi';

import type { Agent } from '../domain/providers/agent.ts';
import type { KnownAdapter } from '../infra/stores/adapter-store.ts';

/** How an adapter is shown. */
export const adapterSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    contract: z.int().openapi({ description: 'Version of the contract that it was written for.' }),
    baseUrl: z.string().nullable().openapi({ description: '`null`: every agent names its own.' }),
    capabilities: z.object({
      streaming: z.boolean(),
      structuredOutput: z.boolean(),
      vision: z.boolean(),
      systemPrompt: z.boolean(),
      promptCaching: z.boolean(),
    }),
    status: z.enum(['ok', 'partial', 'absent']).openapi({
      description:
        '`ok`: every running worker has it, just so. `partial`: some running worker lacks it or has it in another form; a ' +
        'call that meets such a worker is tried again. `absent`: no running worker has it.',
    }),
    workers: z
      .object({ running: z.int(), having: z.int(), alike: z.int() })
      .openapi({ description: 'Workers that run, have it, and have it just as shown.' }),
    loadedAt: z.string().openapi({ description: 'When a worker last said that it had loaded it.' }),
    agents: z.array(z.string()),
  })
  .openapi('Adapter');

/** Says whether calls to an adapter find a worker that has it. */
export function adapterStatus({ workers }: KnownAdapter): 'ok' | 'partial' | 'absent' {
  if (workers.having === 0) return 'absent';
  return workers.alike === workers.running ? 'ok' : 'partial';
}

/** Shows an adapter with the tenant's agents that are reached by it. */
export function adapterView(
  adapter: KnownAdapter,
  agents: readonly Agent[],
): z.output<typeof adapterSchema> {
  const { description, workers, loadedAt } = adapter;
  const users = agents.filter(({ provider }) => provider === description.name);
  return {
    ...description,
    status: adapterStatus(adapter),
    workers,
    loadedAt,
    agents: users.map(({ name }) => name),
  };
}
