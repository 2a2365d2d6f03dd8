import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { BackendProof, SnippetRun } from '../../../domain/sandbox/run.ts';

/** What stands for a backend where nothing protects. */
export const unprotected: BackendProof = { name: 'bare', version: '0', proven: [] };

/** What a run of a test has other than usual. */
export type GivenSnippet = Partial<Omit<SnippetRun, 'limits'>> & {
  readonly limits?: Partial<SandboxLimits>;
};

/** A run of a JavaScript snippet with usual limits, but for those named. */
export function snippet(code: string, given: GivenSnippet = {}): SnippetRun {
  return snippetIn('javascript', code, given);
}

/** A run of a Python snippet with usual limits and ample time, but for those named. */
export function pythonSnippet(code: string, given: GivenSnippet = {}): SnippetRun {
  const limits = { timeMs: 30_000, ...given.limits };
  return snippetIn('python', code, { ...given, limits });
}

function snippetIn(
  lane: SnippetRun['lane'],
  code: string,
  { limits = {}, ...rest }: GivenSnippet,
): SnippetRun {
  const nothing = { grants: [], env: {}, stdin: '', seed: 'seed' };
  return { lane, code, ...nothing, ...rest, limits: completeLimits(limits) };
}
