import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

import type { Fault } from '../domain/planning/fault.ts';
import { problemKinds } from './problem-codes.ts';
import type { ProblemCode } from './problem-codes.ts';

/** What a problem says beyond its code. */
export interface ProblemDetails {
  /** One sentence for a person about this very request. */
  readonly detail: string;
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** What lies behind it; logged for server errors, never answered. */
  readonly cause?: unknown;
}

/** An error that ends a request with a problem document (RFC 9457). Thrown by handlers, answered in one place. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: ContentfulStatusCode;
  readonly errors: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, details: ProblemDetails) {
    super(details.detail, { cause: details.cause });
    this.name = 'Problem';
    this.code = code;
    this.status = problemKinds[code].status as ContentfulStatusCode;
    this.errors = details.errors ?? [];
    this.headers = details.headers ?? {};
  }
}

/** Media type of problem documents. */
export const problemMediaType = 'application/problem+json';

/**
 * Answers a problem as the document that RFC 9457 describes.
 *
 * @param c - the request's context
 * @param problem - what went wrong; its cause stays inside
 */
export function answerProblem(c: Context, problem: Problem): Response {
  const body = {
    type: `urn:conclave:problem:${problem.code}`,
    title: problemKinds[problem.code].meaning,
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    errors: problem.errors,
    requestId: c.get('requestId') as string,
  };
  return c.body(JSON.stringify(body), problem.status, {
    ...problem.headers,
    'content-type': problemMediaType,
  });
}

/** Makes the problem for something that is not there, or not this tenant's: the two look alike on purpose. */
export function notFound(what: string, name: string): Problem {
  return new Problem('not-found', { detail: `There is no ${what} ${JSON.stringify(name)}.` });
}
