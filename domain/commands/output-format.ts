import { z } from 'zod';

import { maybe, oneOf, only } from '../fields.ts';

/** Programs whose output is known. */
export const knownFormats = ['claude', 'gemini', 'codex', 'opencode'] as const;

/** See {@link knownFormats}. */
export type KnownFormat = (typeof knownFormats)[number];

/** Where the object that a program prints says what; each a path with dots, for instance `choices.0.message.content`. */
export interface JsonPaths {
  readonly answer: string;
  /** Anything but nothing, `false` and an empty text there means that the program failed. */
  readonly error?: string;
  readonly model?: string;
  /** All input tokens, cached ones included. */
  readonly inputTokens?: string;
  readonly cachedTokens?: string;
  readonly outputTokens?: string;
  /** Dollars. */
  readonly costUsd?: string;
}

/** How a program prints its answer: as a known one, as plain text, or as an object in which the answer has a place. */
export type OutputFormat =
  { readonly kind: KnownFormat | 'text' } | ({ readonly kind: 'json' } & JsonPaths);

const pathError = 'a path of names and indexes with dots between, for instance "message.content"';
const path = z
  .string({ error: pathError })
  .max(200, { error: pathError })
  .regex(/^[^.\s]+(\.[^.\s]+)*$/, { error: pathError });

const plain = only({ kind: oneOf([...knownFormats, 'text']) });

const json = only({
  kind: z.literal('json'),
  answer: path,
  error: maybe(path),
  model: maybe(path),
  inputTokens: maybe(path),
  cachedTokens: maybe(path),
  outputTokens: maybe(path),
  costUsd: maybe(path),
});

const kindError = `an object whose kind is one of ${[...knownFormats, 'text', 'json'].join(', ')}`;

/** The format of a program's output as a registration describes it. */
export const outputFormatSchema = z.discriminatedUnion('kind', [plain, json], { error: kindError });
