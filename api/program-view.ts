import { z } from '@hono/zod-openapi';

import { isPromptPassedByArgument } from '../domain/commands/command-run.ts';
import type { Agent } from '../domain/providers/agent.ts';
import type { FoundProgram } from '../infra/stores/program-store.ts';

/** How a program is shown. */
export const programSchema = z
  .object({
    path: z.string().openapi({ description: 'Inside its sandbox.' }),
    labels: z.array(z.string()),
    prompt: z.enum(['stdin', 'argument']).openapi({ description: 'How it gets its prompt.' }),
    detected: z
      .object({
        at: z.string(),
        isThere: z.boolean(),
        version: z.string().nullable().openapi({ description: 'What it says to `--version`.' }),
        detail: z
          .string()
          .openapi({ description: 'For people: the version, or why it does not run.' }),
        capabilities: z
          .object({
            isAnswering: z.boolean(),
            hasUsage: z.boolean().openapi({ description: 'It tells the tokens that it used.' }),
            hasCost: z.boolean().openapi({ description: 'It tells what that cost.' }),
            latencyMs: z.int(),
            detail: z.string(),
          })
          .nullable()
          .openapi({ description: 'What a call of one word showed; null where none was made.' }),
      })
      .nullable()
      .openapi({ description: 'What a worker found out; null until one has looked.' }),
  })
  .openapi('Program');

/**
 * Shows the program that agents of one account share.
 *
 * @param agents - of one account
 * @param found - what is known of the tenant's programs
 * @returns `null` where calls go by HTTP
 */
export function programView(
  agents: readonly Agent[],
  found: readonly FoundProgram[],
): z.output<typeof programSchema> | null {
  const command = agents[0]?.command;
  if (command === undefined) return null;
  const names = agents.map(({ name }) => name);
  const [latest] = found
    .filter(({ agent }) => names.includes(agent))
    .sort((one, other) => other.foundAt.localeCompare(one.foundAt));
  return {
    path: command.path,
    labels: [...new Set(agents.flatMap((agent) => agent.command?.labels ?? []))],
    prompt: isPromptPassedByArgument(command) ? 'argument' : 'stdin',
    detected: latest === undefined ? null : detectedOf(latest),
  };
}

function detectedOf({ foundAt, isThere, version, detail, capabilities }: FoundProgram) {
  return { at: foundAt, isThere, version, detail, capabilities };
}
