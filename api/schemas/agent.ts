import { z } from '@hono/zod-openapi';

import { commandSchema } from '../../domain/commands/command-schema.ts';
import { commandProvider } from '../../domain/commands/command-settings.ts';
import { providerNames } from '../../domain/providers/model-connector.ts';

const agentProviders = [...providerNames, commandProvider] as const;

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;
const nameError =
  '1 to 63 letters, digits, dots, dashes and underscores, beginning with a letter or digit';
const envError = 'the name of a variable: capitals, digits and underscores, not ours (CONCLAVE_…)';
const urlError = 'an http or https URL without credentials, query and fragment';
const providerError = `one of ${agentProviders.join(', ')}, or the name of an adapter`;
const microsError = 'micro-dollars per million tokens, a whole number from 0 to 10,000,000,000';

const agentName = z.string({ error: nameError }).regex(NAME, { error: nameError });

function text(max: number) {
  const error = `a text of 1 to ${max} characters, without control characters`;
  return z
    .string({ error })
    .min(1, { error, abort: true })
    .max(max, { error, abort: true })
    .refine(isPlain, { error });
}

/** Names go into headers, tables and signed records: half a surrogate pair has no place in any of them. */
function isPlain(value: string): boolean {
  return !/[\p{Control}\p{Surrogate}]/u.test(value);
}

function limit(max: number) {
  const error = `a whole number from 1 to ${max}`;
  return z.int({ error }).min(1, { error }).max(max, { error }).optional();
}

const micros = z
  .int({ error: microsError })
  .min(0, { error: microsError })
  .max(10_000_000_000, { error: microsError });

const price = z
  .strictObject({
    inputMicrosUsdPerMillion: micros,
    cachedMicrosUsdPerMillion: micros
      .optional()
      .openapi({ description: 'The input price by default.' }),
    outputMicrosUsdPerMillion: micros,
    asOf: z.iso
      .date({ error: 'the date on which the price was read, for instance 2026-11-21' })
      .optional()
      .openapi({ description: 'Today by default.' }),
  })
  .openapi('Price', {
    description: 'Micro-dollars per million tokens: 1 USD per million tokens is 1,000,000.',
  });

const limits = z.strictObject({
  requestsPerMinute: limit(1_000_000),
  concurrent: limit(10_000),
});

const capabilities = z.strictObject({
  vision: z.boolean().optional(),
  structuredOutput: z.boolean().optional(),
});

function isPlainUrl(value: string): boolean {
  if (!isPlain(value) || !URL.canParse(value)) return false;
  const url = new URL(value);
  const isBare = url.username + url.password + url.search + url.hash === '';
  return isBare && (url.protocol === 'https:' || url.protocol === 'http:');
}

/** Whether a text can be the name of an agent at all. */
export function isAgentName(name: string): boolean {
  return NAME.test(name);
}

/** Body that registers an agent. */
export const agentBody = z
  .strictObject({
    name: agentName,
    provider: z
      .string({ error: providerError })
      .regex(/^[a-z][a-z0-9-]{1,39}$/, { error: providerError })
      .openapi({
        description: `One of ${agentProviders.join(', ')}, or the name of an adapter that workers have loaded (\`GET /v1/providers\`).`,
        example: 'openai-compatible',
      }),
    model: text(200),
    baseUrl: z
      .string({ error: urlError })
      .max(2000, { error: urlError })
      .refine(isPlainUrl, { error: urlError })
      .optional()
      .openapi({ description: "The provider's own address by default." }),
    apiKeyEnv: z
      .string({ error: envError })
      .regex(/^(?!CONCLAVE_)[A-Z][A-Z0-9_]{0,127}$/, { error: envError })
      .optional()
      .openapi({
        description: 'Name of the variable that holds the key; the key itself stays out.',
      }),
    persona: text(64).optional(),
    personas: z.array(text(64), { error: 'a list of 1 to 10' }).min(1).max(10).optional(),
    price: price.optional(),
    limits: limits.optional(),
    fallback: agentName
      .optional()
      .openapi({ description: 'Agent that is asked when this one cannot be reached.' }),
    capabilities: capabilities.optional(),
    command: commandSchema.optional().openapi({
      description: 'How a program is asked; only with the provider `command`.',
    }),
  })
  .openapi('AgentRegistration');

/** An agent as it is shown. */
export const agentSchema = z
  .object({
    name: z.string(),
    provider: z.string(),
    model: z.string(),
    baseUrl: z.string().nullable(),
    apiKeyEnv: z.string().nullable(),
    personas: z.array(z.string()),
    price: price.nullable(),
    limits,
    fallback: z.string().nullable(),
    capabilities,
    simulated: z.boolean(),
    command: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({ description: 'How its program is asked, complete.' }),
  })
  .openapi('Agent');

/** What registering answers. */
export const registeredSchema = agentSchema
  .extend({ warnings: z.array(z.string()) })
  .openapi('RegisteredAgent');

/** All agents of a tenant. */
export const agentListSchema = z.object({ items: z.array(agentSchema) }).openapi('AgentList');
