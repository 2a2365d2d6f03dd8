import type { BackendProof, SandboxResult } from '../../domain/sandbox/run.ts';

/** The result of what never ran. */
export function refusal(backend: BackendProof, reason: string): SandboxResult {
  return {
    status: 'refused',
    reason,
    exitCode: null,
    value: null,
    stdout: '',
    stderr: '',
    isTruncated: false,
    fuelUsed: null,
    peakMemoryBytes: null,
    durationMs: 0,
    diff: null,
    files: [],
    backend,
  };
}
