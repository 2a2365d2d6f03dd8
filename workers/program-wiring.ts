import {
  createCommandConnector,
  type CommandConnectorDeps,
} from '../activities/commands/command-connector.ts';
import { detectProgram } from '../activities/commands/detection.ts';
import { launchingWith } from '../activities/commands/launching.ts';
import { isInFolders } from '../domain/commands/folder-list.ts';
import { allowedHosts } from '../domain/providers/allowed-hosts.ts';
import type { ServiceConfig } from '../infra/config.ts';
import type { Database } from '../infra/database/connection.ts';
import { programsChannel } from '../infra/stores/program-store.ts';
import type { Stores } from '../infra/stores/stores.ts';
import { openEgressFolders } from './egress-folders.ts';
import { ProgramDetection, type DetectionDeps } from './program-detection.ts';
import type { LogLines } from './runtime.ts';
import type { LazySandbox } from './sandbox-wiring.ts';

/** What programs of a worker stand on. */
export interface ProgramParts {
  readonly config: ServiceConfig;
  readonly database: Database;
  readonly stores: Pick<Stores, 'programs' | 'tenants'>;
  readonly sandbox: LazySandbox;
  readonly logger: LogLines;
}

/** Programs of agents, as a worker runs them. */
export interface WiredPrograms {
  /** What their connectors need; `null` where programs are off. */
  readonly deps: CommandConnectorDeps | null;
  /** Ends looking at registered ones, and removes what is left of ways out; called when no turn runs any more. */
  stop(): Promise<void>;
}

/** Makes what programs are run with, and looks at those that are registered; nothing where no folder may be granted. */
export async function wirePrograms(parts: ProgramParts): Promise<WiredPrograms> {
  const { config, stores, sandbox } = parts;
  if (config.commandFolders.length === 0) return { deps: null, stop: () => Promise.resolve() };
  const folders = await openEgressFolders();
  const deps: CommandConnectorDeps = {
    sandbox: () => sandbox.get(),
    launching: await launchingWith(process.execPath),
    mayRunCode: (tenantId) => stores.tenants.mayRunCode(tenantId),
    secret: (name) => config.secretNamed(name),
    variable: (name) => config.commandVariable(name),
    allowedHosts: allowedHosts({ hosts: config.allowedHosts, loopback: config.mode === 'local' }),
    namedHosts: allowedHosts({ hosts: config.allowedHosts, loopback: false }),
    isGrantable: isInFolders(config.commandFolders),
    makeFolder: folders.make,
  };
  const detection = watchRegistrations(parts, deps);
  return {
    deps,
    stop: async () => {
      await detection.stop();
      await folders.close();
    },
  };
}

function watchRegistrations(
  { database, stores, logger }: ProgramParts,
  deps: CommandConnectorDeps,
): ProgramDetection {
  const detect = detectorWith(deps);
  const detection = new ProgramDetection({ store: stores.programs, detect, log: logger });
  const wake = (): void => {
    detection.wake();
  };
  // Without it there is still the slow look.
  database.listen(programsChannel, wake, wake).catch((error: unknown) => {
    logger.warn({ err: error }, 'nobody tells of registered programs, they are looked for');
  });
  return detection;
}

function detectorWith(deps: CommandConnectorDeps): DetectionDeps['detect'] {
  return async ({ tenantId, agent: { name, model, simulated, command } }, signal) => {
    if (command === undefined) {
      return { isThere: false, version: null, detail: 'it is no program', capabilities: null };
    }
    const connector = createCommandConnector({ tenantId, name, model, simulated, command }, deps);
    return await detectProgram({ tenantId, name, command, connector }, deps, signal);
  };
}
