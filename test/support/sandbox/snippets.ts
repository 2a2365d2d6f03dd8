import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { BackendProof, SnippetRun } from '../../../domain/sandbox/run.ts';

/** What stands for a backend where nothing protects. */
export const unprotected: BackendProof = { name: 'bare', version: '0', proven: [] };

/** A run of a JavaScript snippet with usual limits, but for those named. */
export function snippet(
  code: string,
  given: Partial<Omit<SnippetRun, 'limits'>> & { readonly limits?: Partial<SandboxLimits> } = {},
): SnippetRun {
  const { limits, ...rest } = given;
  return {
    lane: 'javascript',
    code,
    grants: [],
    env: {},
    stdin: '',
    seed: 'seed',
    ...rest,
    limits: completeLimits(limits ?? {}),
  };
}
