import { inspectAdapters } from '../adapters/adapter-inspection.ts';
import { loadConfig, readEnvironment } from '../config.ts';
import type { Config, Connections, Environment } from '../config.ts';
import { bringUp } from './bring-up.ts';
import type { RunningParts, StackPlan } from './bring-up.ts';
import { lockDataFolder, openDataFolder } from './data-folder.ts';
import { endOrphans } from './orphans.ts';
import { USUAL_PATIENCE } from './restart-policy.ts';
import type { RestartPatience } from './restart-policy.ts';
import { PART_NAMES } from './run-files.ts';
import type { PartName } from './run-files.ts';
import { systemVariables } from './settings.ts';
import { StackFault } from './stack-fault.ts';
import type { SupervisedPart } from './supervised-part.ts';
import { Supervisor } from './supervisor.ts';
import type { StackObserver } from './supervisor.ts';

// Together below the ten seconds within which a stack has to be gone.
const STOP_PROGRAMS_WITHIN_MS = 5_000;
const STOP_SERVERS_WITHIN_MS = 2_000;
const STOP_POSTGRES_WITHIN_MS = 2_500;

const SILENT: StackObserver = { partReady: () => undefined, note: () => undefined };

/** How a stack for a test or a benchmark is to be. */
export interface StackOptions {
  readonly dataFolder: string;
  /** Port of the API; 0, the default, takes a free one and keeps it for this data folder. */
  readonly port?: number;
  /** Which parts run; all by default. The panel of simulated agents obeys `simulated` besides. */
  readonly parts?: readonly PartName[];
  /** How many workers; 1 by default. */
  readonly workers?: number;
  readonly simulated?: 'auto' | 'on' | 'off';
  readonly simulatedLatencyMs?: number;
  /** Variables beside those of the system (PATH, HOME, …); nothing else of ours is inherited. */
  readonly env?: Environment;
  readonly patience?: RestartPatience;
  /** Told what happens; nobody by default. */
  readonly observer?: StackObserver;
}

/** A running stack. Parts are named as in the run folder; later workers are `worker-2`, … */
export interface Stack {
  readonly config: Config;
  /** Key of the local tenant. */
  readonly apiKey: string;
  /** Base URL of the API; empty when it was not asked for. */
  readonly apiAddress: string;
  /** URL of Temporal's pages; undefined when Temporal is not ours. */
  readonly uiAddress: string | undefined;
  /** Addresses and credentials; those of parts that were not asked for are empty. */
  readonly connections: Connections;
  /** URL of the role that owns the database; undefined when there is none or it was not given. */
  readonly ownerUrl: string | undefined;
  /** Rejects with a StackFault when a part cannot be kept running; never resolves. */
  readonly failure: Promise<never>;
  /** Names of the parts that run here. */
  parts(): readonly string[];
  /** Id of a part's process; undefined while it is down. */
  pidOf(part: string): number | undefined;
  /** Where a part answers; undefined while it is not ready. */
  addressOf(part: string): string | undefined;
  /** Resolves when the part is ready, which it may be already. */
  waitReady(part: string): Promise<void>;
  /** Kills a part's process with SIGKILL and resolves when it is gone; it is started again. */
  kill(part: string): Promise<void>;
  /** Starts one more worker and resolves with its name when it is ready. */
  addWorker(): Promise<string>;
  /** Ends everything in order, within ten seconds. A second call does nothing. */
  stop(): Promise<void>;
}

/**
 * Starts a stack for a test or a benchmark, apart from everything else on the machine, and resolves
 * when every part is ready. The caller has to stop it.
 *
 * @throws StackFault when it cannot start; then nothing is left running.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const env = {
    ...systemVariables(readEnvironment()),
    ...options.env,
    CONCLAVE_DATA: options.dataFolder,
    CONCLAVE_PORT: String(options.port ?? 0),
    CONCLAVE_SIMULATED: options.simulated ?? 'auto',
    CONCLAVE_SIMULATED_LATENCY_MS: options.simulatedLatencyMs?.toString(),
  };
  const loaded = loadConfig({ env, argv: [] });
  if (!loaded.ok) throw new StackFault(loaded.faults.join('; '));
  return await runStack({
    config: loaded.config,
    env,
    parts: options.parts ?? PART_NAMES,
    workers: options.workers ?? 1,
    patience: options.patience ?? USUAL_PATIENCE,
    observer: options.observer ?? SILENT,
  });
}

/**
 * Starts the stack that a configuration describes and resolves when every part is ready.
 *
 * @throws StackFault when it cannot start, or was told to end meanwhile; then nothing is left running.
 */
export async function runStack(plan: StackPlan): Promise<Stack> {
  await orAborted(refuseAdapters(plan), plan.signal);
  const { dataFolder } = plan.config;
  openDataFolder(dataFolder);
  const unlock = lockDataFolder(dataFolder);
  const supervisor = new Supervisor({ ...plan, dataFolder });
  const stop = once(async () => {
    await stopInOrder(supervisor);
    unlock();
  });
  try {
    const ended = await endOrphans(dataFolder);
    if (ended.length > 0) {
      plan.observer.note(`ended what an earlier stack left running: ${ended.join(', ')}`);
    }
    const running = await orAborted(bringUp(plan, supervisor), plan.signal);
    return describeStack(plan, supervisor, running, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Workers would refuse them one after another; here it is said once, before anything runs. */
async function refuseAdapters({ config, observer }: StackPlan): Promise<void> {
  const found = await inspectAdapters(config.adapters);
  if (!found.ok) {
    const lines = found.faults.map((fault) => `  CONCLAVE_ADAPTERS: ${fault}`);
    throw new StackFault(['adapters cannot be loaded', ...lines].join('\n'));
  }
  for (const { module, description } of found.adapters) {
    observer.note(`adapter ${description.name} ${description.version} of ${module}`);
  }
}

function describeStack(
  plan: StackPlan,
  supervisor: Supervisor,
  running: RunningParts,
  stop: () => Promise<void>,
): Stack {
  const part = (name: string): SupervisedPart => {
    const found = supervisor.find(name);
    if (found !== undefined) return found;
    throw new Error(`no part ${name} here; there are: ${supervisor.names().join(', ')}`);
  };
  return {
    config: plan.config,
    apiKey: running.apiKey,
    apiAddress: running.apiAddress,
    uiAddress: running.uiAddress,
    connections: running.connections,
    ownerUrl: running.ownerUrl,
    failure: supervisor.failure,
    parts: () => supervisor.names(),
    pidOf: (name) => part(name).pid,
    addressOf: (name) => part(name).status?.address,
    waitReady: async (name) => {
      await supervisor.waitReady(part(name));
    },
    kill: async (name) => {
      await part(name).kill();
    },
    addWorker: async () => await running.addWorker(),
    stop,
  };
}

async function stopInOrder(supervisor: Supervisor): Promise<void> {
  const servers = ['simulated', 's3', 'temporal'];
  const programs = supervisor
    .names()
    .filter((name) => !servers.includes(name) && name !== 'postgres');
  await supervisor.stop([
    { names: programs, withinMs: STOP_PROGRAMS_WITHIN_MS },
    { names: servers, withinMs: STOP_SERVERS_WITHIN_MS },
    { names: ['postgres'], withinMs: STOP_POSTGRES_WITHIN_MS },
  ]);
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  work.catch(() => undefined); // after an abort nobody listens any more
  const aborted = new Promise<never>((_resolve, reject) => {
    const refuse = (): void => {
      reject(new StackFault('stopped before it was ready'));
    };
    if (signal.aborted) refuse();
    signal.addEventListener('abort', refuse, { once: true });
  });
  return await Promise.race([work, aborted]);
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return async () => {
    running ??= action();
    await running;
  };
}
