import type { CommandConnectorDeps } from '../../../activities/commands/command-connector.ts';
import type { Sandbox, SandboxRun } from '../../../domain/sandbox/run.ts';

/** What programs need, with a sandbox in which nothing runs. */
export function programDeps(fields: Partial<CommandConnectorDeps> = {}): {
  readonly deps: CommandConnectorDeps;
  /** What was to be run. */
  readonly runs: readonly SandboxRun[];
} {
  const runs: SandboxRun[] = [];
  const backend = { name: 'bwrap', version: '1', proven: [] } as const;
  const sandbox: Sandbox = {
    backend,
    run: (run) => {
      runs.push(run);
      return Promise.reject(new Error('nothing runs here'));
    },
    close: () => Promise.resolve(),
  };
  const deps: CommandConnectorDeps = {
    sandbox: () => Promise.resolve(sandbox),
    mayRunCode: () => Promise.resolve(true),
    launching: { argv: ['node'], grants: [], nodeFolder: '/node', port: 8111 },
    secret: () => undefined,
    variable: () => undefined,
    allowedHosts: () => true,
    namedHosts: () => true,
    isGrantable: () => true,
    makeFolder: () => Promise.reject(new Error('no folder is made here')),
    ...fields,
  };
  return { deps, runs };
}
