import type { Config, Connections, Environment } from '../config.ts';
import { OWNER_ROLE, withAppRole } from '../database-urls.ts';
import { provisionLocalTenant } from '../database/local-tenant.ts';
import { migrate } from '../database/migrate.ts';
import { ensureSigningKey } from '../signing.ts';
import { ensureBucket } from './bucket.ts';
import { ensureApiKey, ensureSecret } from './data-folder.ts';
import { ensureAppRole, ensureDatabase } from './database-roles.ts';
import { offerAgents } from './offered-agents.ts';
import { choosePorts } from './ports.ts';
import type { PortWish } from './ports.ts';
import { planPostgres } from './postgres-part.ts';
import { planProgram, releaseVersion } from './program-part.ts';
import { acceptsConnections, answersHttp } from './readiness.ts';
import type { RestartPatience } from './restart-policy.ts';
import { PART_NAMES, removeRunFile } from './run-files.ts';
import type { PartName } from './run-files.ts';
import { planS3, s3Keys } from './s3-part.ts';
import { programVariables, systemVariables, wantsSimulated } from './settings.ts';
import { StackFault } from './stack-fault.ts';
import type { StackObserver, Supervisor } from './supervisor.ts';
import { planTemporal } from './temporal-part.ts';
import { toolSearch } from './tool-sources.ts';
import { obtainTool, TEMPORAL, VERSITYGW } from './tools.ts';
import type { FoundTool, Tool } from './tools.ts';

const UI_PORT_USUAL = 7401;
const LOOPBACK = '127.0.0.1';
const API_READY_WITHIN_MS = 60_000;
const API_ASK_EVERY_MS = 50;

/** Everything that starting needs to know, resolved. */
export interface StackPlan {
  readonly config: Config;
  readonly env: Environment;
  readonly parts: readonly PartName[];
  readonly workers: number;
  readonly patience: RestartPatience;
  readonly observer: StackObserver;
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal;
}

/** What came of bringing the parts up. */
export interface RunningParts {
  readonly apiKey: string;
  readonly apiAddress: string;
  readonly uiAddress: string | undefined;
  readonly connections: Connections;
  readonly ownerUrl: string | undefined;
  addWorker(): Promise<string>;
}

interface Scene {
  readonly plan: StackPlan;
  readonly supervisor: Supervisor;
  readonly ports: Readonly<Record<string, number>>;
  readonly apiKey: string;
}

interface DatabaseAddress {
  /** Whether this stack has prepared it: migrated, with the local tenant. */
  readonly isPrepared: boolean;
  readonly ownerUrl: string | undefined;
  readonly appUrl: string;
}

/**
 * Starts what was asked for, everything at once that does not need the other, and resolves when all
 * of it is ready.
 *
 * @throws StackFault naming what could not start.
 */
export async function bringUp(plan: StackPlan, supervisor: Supervisor): Promise<RunningParts> {
  const { config } = plan;
  for (const name of PART_NAMES) removeRunFile(config.dataFolder, name);
  const { ports, release } = await choosePorts(config.dataFolder, portWishes(plan));
  try {
    const apiKey = ensureApiKey(config.dataFolder);
    return await bringUpParts({ plan, supervisor, ports, apiKey });
  } finally {
    release();
  }
}

async function bringUpParts(scene: Scene): Promise<RunningParts> {
  const { plan, supervisor, ports } = scene;
  const { config } = plan;
  // Before the parts: one that cannot start must not leave this to be written after the stack has been cleaned up.
  await orFault('the signing key', ensureSigningKey(config.dataFolder));
  const [database, temporalAddress, s3, simulatedAddress] = await Promise.all([
    orFault('the database', bringUpDatabase(scene)),
    orFault('Temporal', bringUpTemporal(scene)),
    orFault('S3', bringUpS3(scene)),
    orFault('the simulated panel', bringUpSimulated(scene)),
  ]);
  const connections: Connections = {
    temporalAddress,
    temporalNamespace: config.temporal.namespace,
    databaseUrl: database.appUrl,
    s3,
    simulatedAddress,
  };
  const programs = ourPrograms(scene, connections);
  await Promise.all([
    orFault('the list of agents', offer(scene, database, simulatedAddress)),
    programs.api(),
    ...Array.from({ length: asked(plan, 'worker') ? plan.workers : 0 }, programs.addWorker),
  ]);
  const ownsTemporal = supervisor.find('temporal') !== undefined;
  return {
    apiKey: scene.apiKey,
    apiAddress: asked(plan, 'api') ? apiAddress(scene) : '',
    uiAddress: ownsTemporal ? `http://${LOOPBACK}:${String(ports['temporal-ui'])}` : undefined,
    connections,
    ownerUrl: database.ownerUrl,
    addWorker: programs.addWorker,
  };
}

/** Whatever goes wrong with outside parts and data is a person's to mend: a message, not a stack. */
async function orFault<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StackFault) throw error;
    const { message, code } = error as { message?: string; code?: string };
    const said = message === undefined || message === '' ? (code ?? String(error)) : message;
    throw new StackFault(`${what} cannot be used: ${said}`, { cause: error });
  }
}

function portWishes(plan: StackPlan): PortWish[] {
  const { config } = plan;
  const uiPort = config.temporal.uiPort;
  const wishes: (PortWish & { part: PartName })[] = [
    {
      part: 'api',
      name: 'api',
      host: config.host,
      variable: 'CONCLAVE_PORT',
      ...(config.port === 0 ? {} : { exactly: config.port }),
    },
    {
      part: 'temporal',
      name: 'temporal-ui',
      host: LOOPBACK,
      variable: 'CONCLAVE_TEMPORAL_UI_PORT',
      ...(uiPort === undefined || uiPort === 0 ? { rather: UI_PORT_USUAL } : { exactly: uiPort }),
    },
    { part: 'temporal', name: 'temporal', host: LOOPBACK },
    { part: 'temporal', name: 'temporal-metrics', host: LOOPBACK },
    { part: 'postgres', name: 'postgres', host: LOOPBACK },
    { part: 's3', name: 's3', host: LOOPBACK },
    { part: 'simulated', name: 'simulated', host: LOOPBACK },
  ];
  return wishes.filter((wish) => asked(plan, wish.part));
}

async function bringUpDatabase(scene: Scene): Promise<DatabaseAddress> {
  const { plan, supervisor } = scene;
  const { dataFolder, databaseUrl, databaseAppUrl } = plan.config;
  if (databaseUrl === undefined && databaseAppUrl !== undefined) {
    return { isPrepared: false, ownerUrl: undefined, appUrl: databaseAppUrl }; // somebody else migrates
  }
  if (databaseUrl === undefined && !asked(plan, 'postgres')) {
    return { isPrepared: false, ownerUrl: undefined, appUrl: '' };
  }
  let ownerUrl = databaseUrl;
  if (ownerUrl === undefined) {
    const env = systemVariables(plan.env);
    const port = portOf(scene, 'postgres');
    const signal = supervisor.ending;
    const part = supervisor.add(planPostgres({ dataFolder, port, env, signal }));
    await supervisor.waitReady(part);
    const admin = new URL(`postgres://${part.plan.address}/postgres`);
    admin.username = OWNER_ROLE;
    admin.password = ensureSecret(dataFolder, 'postgres-owner-password');
    ownerUrl = await ensureDatabase(admin.href);
  }
  const appUrl = databaseAppUrl ?? (await ownAppRole(ownerUrl, dataFolder));
  const appRole = decodeURIComponent(new URL(appUrl).username);
  await migrate({ ownerUrl, appRole });
  await provisionLocalTenant({ ownerUrl, apiKey: scene.apiKey });
  return { isPrepared: true, ownerUrl, appUrl };
}

async function offer(
  scene: Scene,
  database: DatabaseAddress,
  simulatedAddress: string | undefined,
): Promise<void> {
  if (!database.isPrepared) return;
  const { config, observer } = scene.plan;
  const note = (line: string): void => {
    observer.note(line);
  };
  await offerAgents({ config, databaseUrl: database.appUrl, simulatedAddress, note });
}

async function ownAppRole(ownerUrl: string, dataFolder: string): Promise<string> {
  const password = ensureSecret(dataFolder, 'postgres-app-password');
  await ensureAppRole(ownerUrl, password);
  return withAppRole(ownerUrl, password);
}

async function bringUpTemporal(scene: Scene): Promise<string> {
  const { plan, supervisor } = scene;
  const { address, namespace } = plan.config.temporal;
  if (address !== undefined) {
    if (await acceptsConnections(address)) return address;
    throw new StackFault(`nobody answers at CONCLAVE_TEMPORAL_ADDRESS (${address})`);
  }
  if (!asked(plan, 'temporal')) return '';
  const tool = await obtain(scene, TEMPORAL, plan.config.temporal.binary);
  const part = supervisor.add(
    planTemporal({
      dataFolder: plan.config.dataFolder,
      binary: tool.path,
      version: tool.version,
      namespace,
      port: portOf(scene, 'temporal'),
      uiPort: portOf(scene, 'temporal-ui'),
      metricsPort: portOf(scene, 'temporal-metrics'),
      env: systemVariables(plan.env),
    }),
  );
  await supervisor.waitReady(part);
  return part.plan.address;
}

async function bringUpS3(scene: Scene): Promise<Connections['s3']> {
  const { plan, supervisor } = scene;
  const { endpoint, region, bucket, accessKey, secretKey, binary } = plan.config.s3;
  if (endpoint !== undefined) {
    if (accessKey === undefined || secretKey === undefined) {
      throw new StackFault('CONCLAVE_S3_ENDPOINT needs CONCLAVE_S3_ACCESS_KEY and _SECRET_KEY');
    }
    return { endpoint, region, bucket, accessKey, secretKey };
  }
  const { dataFolder } = plan.config;
  if (!asked(plan, 's3')) return { endpoint: '', region, bucket, accessKey: '', secretKey: '' };
  const tool = await obtain(scene, VERSITYGW, binary);
  const log = supervisor.openLog('s3');
  const part = supervisor.add(
    planS3({
      dataFolder,
      binary: tool.path,
      version: tool.version,
      port: portOf(scene, 's3'),
      region,
      env: systemVariables(plan.env),
      log,
    }),
    log,
  );
  await supervisor.waitReady(part);
  const s3 = { endpoint: part.plan.address, region, bucket, ...s3Keys(dataFolder) };
  await ensureBucket(s3);
  return s3;
}

async function bringUpSimulated(scene: Scene): Promise<string | undefined> {
  const { plan, supervisor } = scene;
  if (plan.config.simulatedAddress !== undefined) return plan.config.simulatedAddress;
  if (!asked(plan, 'simulated')) return undefined;
  const port = String(portOf(scene, 'simulated'));
  const address = `http://${LOOPBACK}:${port}`;
  const part = supervisor.add(
    planProgram({
      name: 'simulated',
      main: 'infra/simulated/main.ts',
      args: ['--port', port, '--latency-ms', String(plan.config.simulatedLatencyMs)],
      address,
      version: releaseVersion(),
      env: systemVariables(plan.env),
      readiness: { message: true, probe: async () => await answersHttp(`${address}/healthz`, 200) },
    }),
  );
  await supervisor.waitReady(part);
  return address;
}

function ourPrograms(
  scene: Scene,
  connections: Connections,
): { api: () => Promise<void>; addWorker: () => Promise<string> } {
  const { plan, supervisor } = scene;
  const env = programVariables({
    env: plan.env,
    config: plan.config,
    connections,
    port: scene.ports['api'] ?? 0,
    uiPort: scene.ports['temporal-ui'],
  });
  const version = releaseVersion();
  let workers = 0;
  return {
    api: async () => {
      if (!asked(plan, 'api')) return;
      const address = apiAddress(scene);
      const readiness = {
        message: true,
        probe: async () => await answersHttp(`${address}/healthz`, 200),
      };
      const main = 'api/main.ts';
      const part = supervisor.add(
        planProgram({ name: 'api', main, address, version, env, readiness }),
      );
      await supervisor.waitReady(part);
      await Promise.race([
        untilApiReady(`${address}/readyz`, supervisor.ending),
        supervisor.failure,
      ]);
    },
    addWorker: async () => {
      workers += 1;
      const name = workers === 1 ? 'worker' : `worker-${String(workers)}`;
      const main = 'workers/main.ts';
      const address = plan.config.taskQueue;
      const readiness = { message: true };
      const part = supervisor.add(planProgram({ name, main, address, version, env, readiness }));
      await supervisor.waitReady(part);
      return name;
    },
  };
}

async function untilApiReady(url: string, ending: AbortSignal): Promise<void> {
  const deadline = Date.now() + API_READY_WITHIN_MS;
  while (!ending.aborted && !(await answersHttp(url, 200))) {
    if (Date.now() > deadline) {
      throw new StackFault(`the API is up, but ${url} did not answer 200 within 60 s`);
    }
    await new Promise((resolve) => setTimeout(resolve, API_ASK_EVERY_MS));
  }
}

async function obtain(scene: Scene, tool: Tool, explicit: string | undefined): Promise<FoundTool> {
  const { env, observer } = scene.plan;
  const report = (line: string): void => {
    observer.note(line);
  };
  return await obtainTool(
    tool,
    toolSearch(tool, { explicit, env, report, signal: scene.supervisor.ending }),
  );
}

function asked(plan: StackPlan, part: PartName): boolean {
  if (!plan.parts.includes(part)) return false;
  return part !== 'simulated' || wantsSimulated(plan.config);
}

function portOf(scene: Scene, name: string): number {
  const port = scene.ports[name];
  if (port === undefined) throw new Error(`no port was chosen for ${name}`);
  return port;
}

function apiAddress(scene: Scene): string {
  const { host } = scene.plan.config;
  const isAnyHost = host === '0.0.0.0' || host === '::';
  const name = isAnyHost ? LOOPBACK : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${String(portOf(scene, 'api'))}`;
}
