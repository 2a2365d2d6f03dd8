import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, readdirSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { inspectAdapters } from '../adapters/adapter-inspection.ts';
import type { Config, Environment } from '../config.ts';
import { judgeFolder } from './data-folder.ts';
import { examineSandbox } from './doctor-sandbox.ts';
import { isPortFree } from './ports.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { findPostgresUser } from './postgres-user.ts';
import { PROJECT_FOLDER } from './program-part.ts';
import { acceptsConnections, answersHttp, isTemporalServing } from './readiness.ts';
import { PART_NAMES, readRunFile } from './run-files.ts';
import type { PartName } from './run-files.ts';
import { StackFault } from './stack-fault.ts';
import { toolSearch } from './tool-sources.ts';
import { findTool, TEMPORAL, VERSITYGW } from './tools.ts';
import type { Tool } from './tools.ts';

/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  /** `missing`: needed and not there; `note`: worth knowing, nothing has to be done. */
  readonly state: 'ok' | 'note' | 'missing';
  readonly detail: string;
  /** What to do about it. */
  readonly mend?: string;
}

const NODE_WANTED = 24;
// File systems known to keep extended attributes: ext4, xfs, btrfs, overlay, zfs, apfs.
const WITH_ATTRIBUTES = new Set([0xef53, 0x58465342, 0x9123683e, 0x794c7630, 0x2fc12fc1, 0x1a]);

/** Looks at everything that a stack needs, changing nothing. */
export async function examine(config: Config, env: Environment): Promise<Finding[]> {
  return [
    examineNode(),
    examinePackages(),
    await examineTool(TEMPORAL, config.temporal.binary, config.temporal.address, env),
    await examineTool(VERSITYGW, config.s3.binary, config.s3.endpoint, env),
    examinePostgres(config),
    ...(await examineOutside(config)),
    ...examineData(config),
    ...(await examinePorts(config)),
    ...(await Promise.all(PART_NAMES.map(async (part) => await examinePart(config, part)))),
    examineProviders(config),
    ...(await examineAdapters(config)),
    examineWebhooks(config),
    ...(await examineSandbox(config)),
  ];
}

function examineNode(): Finding {
  const version = process.versions.node;
  if (Number(version.split('.')[0]) >= NODE_WANTED) return ok('node', version);
  return missing('node', version, 'run it through npm: npm run doctor');
}

function examinePackages(): Finding {
  const manifest = JSON.parse(readFileSync(join(PROJECT_FOLDER, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const wanted = Object.keys(manifest.dependencies);
  const absent = wanted.filter((name) => {
    return !existsSync(join(PROJECT_FOLDER, 'node_modules', name, 'package.json'));
  });
  if (absent.length === 0) return ok('npm packages', `${String(wanted.length)} there`);
  return missing('npm packages', `absent: ${absent.join(', ')}`, 'npm ci');
}

async function examineTool(
  tool: Tool,
  explicit: string | undefined,
  outside: string | undefined,
  env: Environment,
): Promise<Finding> {
  if (outside !== undefined) return note(tool.name, `not needed: ${tool.replacement} is set`);
  const report = (): undefined => undefined;
  const signal = AbortSignal.abort(); // looking only: nothing is fetched or built
  try {
    const found = await findTool(tool, toolSearch(tool, { explicit, env, report, signal }));
    if (found !== undefined) return ok(tool.name, `${found.version} at ${found.path}`);
  } catch (error) {
    return missing(tool.name, messageOf(error), `correct or remove ${tool.variable}`);
  }
  return missing(
    tool.name,
    'neither on PATH nor in the cache',
    `npm start downloads it, or builds it where Go 1.26 is; or set ${tool.variable} or ${tool.replacement}`,
  );
}

function examinePostgres(config: Config): Finding {
  if (config.databaseUrl !== undefined || config.databaseAppUrl !== undefined) {
    return note('postgres', 'not needed: an outside database is configured');
  }
  try {
    const binaries = findPostgresBinaries();
    const user = findPostgresUser([nearest(config.dataFolder), dirname(binaries.postgres)], {
      mayCreate: false, // the first start does
    });
    const { program, args, ...ids } = user.command(binaries.postgres, ['--version']);
    execFileSync(program, args, { ...ids, cwd: '/', stdio: 'pipe' });
    const asWhom = user.ids === undefined ? '' : `, as uid ${String(user.ids.uid)}`;
    return ok('postgres', `${binaries.version}${asWhom}`);
  } catch (error) {
    const mend = 'see above, or set CONCLAVE_DATABASE_URL';
    return missing('postgres', messageOf(error), error instanceof StackFault ? undefined : mend);
  }
}

/** Knocks at what is not ours to start; whether its doors open to our keys, the start says. */
async function examineOutside(config: Config): Promise<Finding[]> {
  const databaseUrl = config.databaseUrl ?? config.databaseAppUrl;
  const parts = [
    {
      name: 'outside temporal',
      address: config.temporal.address,
      variable: 'CONCLAVE_TEMPORAL_ADDRESS',
    },
    {
      name: 'outside database',
      address: databaseUrl && hostAndPort(databaseUrl, '5432'),
      variable: config.databaseUrl ? 'CONCLAVE_DATABASE_URL' : 'CONCLAVE_DATABASE_APP_URL',
    },
    {
      name: 'outside s3',
      address: config.s3.endpoint && hostAndPort(config.s3.endpoint, '80'),
      variable: 'CONCLAVE_S3_ENDPOINT',
    },
  ];
  const findings = parts.map(async ({ name, address, variable }): Promise<Finding[]> => {
    if (address === undefined) return [];
    if (await acceptsConnections(address)) return [ok(name, `${address} accepts connections`)];
    return [missing(name, `nobody answers at ${address}`, `start it, or correct ${variable}`)];
  });
  return (await Promise.all(findings)).flat();
}

/** Without the credentials that a URL may hold. */
function hostAndPort(address: string, usual: string): string {
  const { protocol, hostname, port } = new URL(address);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : usual)}`;
}

function examineData(config: Config): Finding[] {
  const folder = config.dataFolder;
  const base = nearest(folder);
  try {
    accessSync(base, constants.W_OK);
  } catch {
    return [missing('data folder', `${base} cannot be written`, 'set CONCLAVE_DATA or --data')];
  }
  const markerFile = join(folder, 'conclave.json');
  const marker = existsSync(markerFile) ? readFileSync(markerFile, 'utf8') : undefined;
  const verdict = judgeFolder(folder, existsSync(folder) ? readdirSync(folder) : [], marker);
  if (verdict.kind === 'refused') {
    return [missing('data folder', verdict.message, 'set CONCLAVE_DATA or --data')];
  }
  const attributes = WITH_ATTRIBUTES.has(statfsSync(base).type)
    ? ok('attributes', 'the file system keeps extended attributes')
    : note('attributes', 'unknown file system; without extended attributes S3 keeps them in files');
  return [
    ok('data folder', `${folder} (${verdict.kind === 'ours' ? 'holds data' : 'new'})`),
    attributes,
  ];
}

async function examinePorts(config: Config): Promise<Finding[]> {
  const api = readRunFile(config.dataFolder, 'api');
  const wanted = [
    {
      name: 'api port',
      port: config.port,
      host: config.host,
      variable: 'CONCLAVE_PORT',
      isOurs: api !== undefined && Number(new URL(api.address).port) === config.port,
    },
    {
      name: 'ui port',
      port: config.temporal.uiPort ?? 0,
      host: '127.0.0.1',
      variable: 'CONCLAVE_TEMPORAL_UI_PORT',
      isOurs: readRunFile(config.dataFolder, 'temporal') !== undefined,
    },
  ];
  const findings: Finding[] = [];
  for (const { name, port, host, variable, isOurs } of wanted.filter((wish) => wish.port !== 0)) {
    if (await isPortFree(port, host)) findings.push(ok(name, `${String(port)} is free`));
    else if (isOurs) findings.push(ok(name, `${String(port)} is held by the stack`));
    else findings.push(missing(name, `${String(port)} is taken`, `set ${variable}`));
  }
  return findings;
}

async function examinePart(config: Config, part: PartName): Promise<Finding> {
  const runFile = readRunFile(config.dataFolder, part);
  const name = `running ${part}`;
  if (runFile === undefined) return note(name, 'not running here');
  const detail = `${runFile.address}, process ${String(runFile.pid)}, ${runFile.version}`;
  if (await answers(part, runFile.address)) return ok(name, `${detail}: answers`);
  const log = join(config.dataFolder, 'logs', `${part}.log`);
  return missing(name, `${detail}: does not answer`, `see ${log}; the stack restarts what dies`);
}

async function answers(part: PartName, address: string): Promise<boolean> {
  switch (part) {
    case 'postgres':
      return await acceptsConnections(address);
    case 'temporal':
      return await isTemporalServing(address);
    case 's3':
      return await answersHttp(address);
    case 'simulated':
      return await answersHttp(`${address}/healthz`, 200);
    case 'api':
      return await answersHttp(`${address}/readyz`, 200);
    case 'worker':
      return true; // it has no door to knock at; its process is there
  }
}

function examineProviders(config: Config): Finding {
  if (config.providers.length === 0) return note('providers', 'no key set: agents are simulated');
  return ok('providers', config.providers.map(({ variable }) => variable).join(', '));
}

async function examineAdapters({ adapters }: Config): Promise<Finding[]> {
  if (adapters.length === 0) return [];
  const found = await inspectAdapters(adapters);
  if (found.ok) {
    return found.adapters.map(({ module, description }) =>
      ok('adapter', `${description.name} ${description.version} of ${module}`),
    );
  }
  return found.faults.map((fault) => missing('adapter', fault, 'mend it, or CONCLAVE_ADAPTERS'));
}

function examineWebhooks({ webhooks }: Config): Finding {
  const open = [...(webhooks.loopback ? ['this machine'] : []), ...webhooks.hosts];
  if (open.length > 0) return ok('webhook hosts', open.join(', '));
  return note('webhook hosts', 'none: no webhook can be registered (CONCLAVE_WEBHOOK_HOSTS)');
}

function nearest(folder: string): string {
  return existsSync(folder) ? folder : nearest(dirname(folder));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ok(name: string, detail: string): Finding {
  return { name, state: 'ok', detail };
}

function note(name: string, detail: string): Finding {
  return { name, state: 'note', detail };
}

function missing(name: string, detail: string, mend?: string): Finding {
  return { name, state: 'missing', detail, ...(mend === undefined ? {} : { mend }) };
}
