import { expect } from '@jest/globals';

import type { Sandbox, SandboxResult } from '../../../domain/sandbox/run.ts';
import { pythonSnippet } from '../../support/sandbox/snippets.ts';
import type { GivenSnippet } from '../../support/sandbox/snippets.ts';

/** Ways to run snippets of Python. */
export interface PythonRuns {
  /** @param code - whole, or its lines */
  readonly run: (
    code: string | readonly string[],
    given?: GivenSnippet,
    signal?: AbortSignal,
  ) => Promise<SandboxResult>;
  /** The value, parsed; a run that did not end well fails the test with its reason. */
  readonly valueOf: (code: string | readonly string[], given?: GivenSnippet) => Promise<unknown>;
}

/** Makes them for a sandbox that is there once the tests begin. */
export function pythonRuns(sandboxOf: () => Sandbox): PythonRuns {
  const run: PythonRuns['run'] = (code, given, signal) => {
    const whole = typeof code === 'string' ? code : code.join('\n');
    return sandboxOf().run(pythonSnippet(whole, given), signal);
  };
  return {
    run,
    valueOf: async (code, given) => {
      const { status, reason, value, stderr } = await run(code, given);
      expect({ status, reason, stderr }).toEqual({ status: 'ok', reason: '', stderr: '' });
      return value === null ? null : (JSON.parse(value) as unknown);
    },
  };
}
