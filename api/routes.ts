import type { Hook, RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';

import { faultsOf } from '../domain/collaboration/request-schema.ts';
import type { Fault } from '../domain/planning/fault.ts';
import type { ApiEnv } from './context.ts';
import { problemKinds } from './problem-codes.ts';
import type { ProblemCode } from './problem-codes.ts';
import { Problem, problemMediaType } from './problem.ts';
import { problemSchema } from './schemas/problem.ts';

type Responses = RouteConfig['responses'];

/** Every route can answer these. */
const ALWAYS: readonly ProblemCode[] = ['input-invalid', 'internal', 'database-unavailable'];

/**
 * Describes the problems that a route can answer, for the OpenAPI document: one response per status,
 * with the codes that come with it.
 *
 * @param codes - those beyond the ones that every route can answer
 */
export function problems(...codes: readonly ProblemCode[]): Responses {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of [...codes, ...ALWAYS]) {
    const { status } = problemKinds[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.map((code) => `\`${code}\`: ${problemKinds[code].meaning}`).join('; '),
        content: { [problemMediaType]: { schema: problemSchema } },
      },
    ]),
  );
}

/**
 * Describes what a route answers when all is well.
 *
 * @param description - when it is answered
 * @param schema - shape of the JSON body
 */
export function answers(description: string, schema: z.ZodType): Responses[string] {
  return { description, content: { 'application/json': { schema } } };
}

/** Problems of every route that needs a key. */
export function keyedProblems(...codes: readonly ProblemCode[]): Responses {
  return problems('unauthorised', ...codes);
}

/** Problems of every route that takes a JSON body. */
export const bodyProblems = ['body-malformed', 'too-large', 'unsupported-media-type'] as const;

/** Turns what a schema refused into the problem `input-invalid`. */
export const refuseInvalid: Hook<unknown, ApiEnv, string, unknown> = (result) => {
  if (result.success) return;
  const faults = faultsOf(result.error, (result as { data?: unknown }).data);
  const isBody = result.target === 'json';
  throw invalidRequest(isBody ? faults : faults.map(parameterFault));
};

/** Makes the problem for a request of the wrong shape. */
export function invalidRequest(faults: readonly Fault[]): Problem {
  const [first] = faults;
  const place =
    first === undefined ? '' : `: ${first.field}: got ${first.got}, expected ${first.expected}`;
  return new Problem('input-invalid', {
    detail: `The request does not have the expected shape${place}.`,
    errors: faults,
  });
}

/** Parameters and headers have flat names; brackets around a name with a hyphen would only confuse. */
function parameterFault(fault: Fault): Fault {
  const field = fault.field.replace(/^\["(.*)"\]$/, '$1');
  return { ...fault, field: field === 'body' ? 'parameters' : field };
}

/** Names the methods that exist for a path, of which the request's is not one. */
export function methodsFor(
  c: Context,
  routes: readonly { method: string; path: string }[],
): string[] {
  const methods = routes
    .filter((route) => route.method !== 'ALL' && matches(route.path, c.req.path))
    .map((route) => route.method);
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
}

function matches(pattern: string, path: string): boolean {
  const parts = pattern.split('/');
  const steps = path.split('/');
  return (
    parts.length === steps.length &&
    parts.every((part, index) =>
      part.startsWith(':') ? steps[index] !== '' : part === steps[index],
    )
  );
}
