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
    unavailable: z
      .string()
      .nullable()
      .openapi({ description: 'For people: why it may not run now; null where it may.' }),
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

/** What is known of a tenant's programs. */
export interface KnownPrograms {
  readonly found: readonly FoundProgram[];
  readonly mayRunCode: boolean;
}

const unpermitted =
  'This tenant may not run code; whoever runs this installation can allow it. Turns of this agent abstain (not-permitted).';

/**
 * Shows the program that agents of one account share.
 *
 * @param agents - of one account
 * @param known - what is known of the tenant's programs
 * @param known.found - what workers found out
 * @param known.mayRunCode - whether the tenant may run them; a right that was taken back leaves them registered
 * @returns `null` where calls go by HTTP
 */
export function programView(
  agents: readonly Agent[],
  { found, mayRunCode }: KnownPrograms,
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
    unavailable: mayRunCode ? null : unpermitted,
    detected: latest === undefined ? null : detectedOf(latest),
  };
}

function detectedOf({ foundAt, isThere, version, detail, capabilities }: FoundProgram) {
  return { at: foundAt, isThere, version, detail, capabilities };
}
