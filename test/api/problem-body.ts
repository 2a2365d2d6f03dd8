/** A problem document, as a test reads it. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly { field: string; got: string; expected: string }[];
  readonly requestId: string;
}

/** Reads the problem out of an answer, and fails when it is none, or one of another status. */
export async function problemIn(response: Response): Promise<ProblemBody> {
  const mediaType = response.headers.get('content-type');
  if (mediaType !== 'application/problem+json') throw new Error(`got ${String(mediaType)}`);
  const problem = (await response.json()) as ProblemBody;
  if (problem.status !== response.status) {
    throw new Error(`says ${String(problem.status)}, answered ${String(response.status)}`);
  }
  return problem;
}
