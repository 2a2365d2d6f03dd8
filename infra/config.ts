/**
 * The only reader of the environment. Every program of the project calls {@link readConfig} or
 * {@link readServiceConfig} once, in its main file, and hands values on as arguments.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import type { SandboxBackend } from '../domain/sandbox/run.ts';
import type { WebhookHostRules } from '../domain/webhooks/webhook-hosts.ts';
import type { SandboxFolder } from '../domain/sandbox/granted-folders.ts';
import { availableProviders } from './available-providers.ts';
import type { AvailableProvider } from './available-providers.ts';
import { VARIABLES } from './config-schema.ts';
import type { LogLevel, Variables } from './config-schema.ts';
import { appDatabaseUrl } from './database-urls.ts';
import type { DatabaseSettings } from './database-urls.ts';
import { readFlags } from './flags.ts';
import { listedVariables, OWN_PREFIX } from './listed-variables.ts';
import { readRunFile, readSecret } from './stack/run-files.ts';
import type { WorkQueue } from './work-queues.ts';

const EXIT_BAD_CONFIGURATION = 2;

/** What only the command line reads: in a shell from which the stack is started as well they are no fault. */
const CLIENT_VARIABLES: readonly string[] = ['CONCLAVE_URL', 'CONCLAVE_API_KEY'];

/** Variables as a process gets them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where objects are kept; parts that are not known yet are undefined. */
export interface S3Settings {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKey: string | undefined;
  readonly secretKey: string | undefined;
}

/** Where webhooks may be, and how often and how long they are tried. */
export interface WebhookSettings extends WebhookHostRules {
  /** Most tries of a delivery. */
  readonly triesMax: number;
  readonly firstWaitMs: number;
  /** Most time for one try. */
  readonly timeoutMs: number;
}

/** Where agents' code and commands run. */
export interface SandboxSettings {
  readonly backend: SandboxBackend;
  /** Absolute path of the folder for what runs need; undefined: `sandboxFolder` finds one. */
  readonly dataFolder: string | undefined;
  /** The image of Docker's containers; undefined: Docker refuses every run. */
  readonly image: string | undefined;
}

/** All settings of a process. Never log it whole: it holds credentials. */
export interface Config extends DatabaseSettings {
  readonly mode: 'local' | 'cluster';
  readonly host: string;
  /** Port of API and docs; 0 means any free one. */
  readonly port: number;
  /** Absolute path of the folder under which everything that is kept lies. */
  readonly dataFolder: string;
  readonly logLevel: LogLevel;
  readonly temporal: {
    /** `host:port`; undefined means that the stack starts its own. */
    readonly address: string | undefined;
    readonly namespace: string;
    readonly uiPort: number | undefined;
    readonly binary: string | undefined;
  };
  readonly taskQueue: string;
  /** What a worker takes. */
  readonly queues: readonly WorkQueue[];
  /** Folders of the host that runs in the sandbox may be granted, by name. */
  readonly sandboxFolders: readonly SandboxFolder[];
  /** Whether Temporal's UI can show where in its code a workflow waits. */
  readonly hasCallStacks: boolean;
  readonly s3: S3Settings & { readonly binary: string | undefined };
  /** `host` or `host:port` that model calls may go to, beside the known providers' own. */
  readonly allowedHosts: readonly string[];
  /** Absolute paths of folders that programs of agents may be granted. */
  readonly commandFolders: readonly string[];
  /** Names of variables, or `*_ENDING`s of them, that programs of agents may see. */
  readonly commandVariables: readonly string[];
  /** Modules that add providers of their own: absolute paths and names of packages. Only workers load them. */
  readonly adapters: readonly string[];
  readonly webhooks: WebhookSettings;
  readonly sandbox: SandboxSettings;
  readonly simulated: 'auto' | 'on' | 'off';
  /** URL of the panel of simulated agents, when there is one. */
  readonly simulatedAddress: string | undefined;
  readonly simulatedLatencyMs: number;
  /** Providers whose variable is in the environment, in a fixed order. */
  readonly providers: readonly AvailableProvider[];
  /** Names of variables, or `*_ENDING`s of them, that agents may name for their keys. */
  readonly keyVariables: readonly string[];
  /** Where the environment says that Ollama listens. */
  readonly ollamaHost: string | undefined;
  /**
   * Reads the variable that an agent names for its key.
   *
   * @returns undefined when the name is not among {@link Config.keyVariables}, or not set.
   */
  secretNamed(name: string): string | undefined;
  /**
   * Reads a variable that a program's environment names.
   *
   * @returns undefined when the name is not among {@link Config.commandVariables}, or not set.
   */
  commandVariable(name: string): string | undefined;
}

/** Everything that a process needs to reach the other parts. */
export interface Connections {
  /** `host:port`. */
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** URL of the application's role. */
  readonly databaseUrl: string;
  readonly s3: { readonly [Key in keyof S3Settings]: string };
  /** URL of the simulated panel; undefined when there is none. */
  readonly simulatedAddress: string | undefined;
}

/** Settings of a process that joins running parts: the API, a worker, a bench. */
export type ServiceConfig = Config & { readonly connections: Connections };

/** What loading settings comes to: the settings, or every fault by the variable's name. */
export type LoadedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly string[] };

/**
 * Turns variables and flags into settings. Pure but for resolving the data folder's path.
 *
 * @param input - Where settings come from.
 * @param input.env - The variables; an empty one counts as not set.
 * @param input.argv - Flags such as `--port 8080` or `--port=8080`; they win over variables.
 * @returns Faults name the variable and what was expected, never the value.
 */
export function loadConfig(input: { env: Environment; argv: readonly string[] }): LoadedConfig {
  const flags = readFlags(input.argv);
  const given = Object.fromEntries(
    Object.entries({ ...ownVariables(input.env), ...flags.values }).filter(
      ([, value]) => value !== '',
    ),
  );
  const parsed = VARIABLES.safeParse(given);
  if (parsed.success && flags.faults.length === 0) {
    return { ok: true, config: buildConfig(parsed.data, input.env) };
  }
  const faults = parsed.success ? [] : parsed.error.issues.flatMap(describeIssue);
  return { ok: false, faults: [...flags.faults, ...faults] };
}

/**
 * Finds the addresses and credentials of the other parts: what is configured wins, then what a
 * running stack has published in the data folder.
 *
 * @returns Faults say which variable would mend each missing address.
 */
export function findConnections(
  config: Config,
): { ok: true; connections: Connections } | { ok: false; faults: string[] } {
  const data = config.dataFolder;
  const missing: string[] = [];
  const need = (value: string | undefined, variable: string): string => {
    if (value === undefined) missing.push(`${variable}: not set, and no stack runs on ${data}`);
    return value ?? '';
  };
  const connections: Connections = {
    temporalAddress: need(
      config.temporal.address ?? readRunFile(data, 'temporal')?.address,
      'CONCLAVE_TEMPORAL_ADDRESS',
    ),
    temporalNamespace: config.temporal.namespace,
    databaseUrl: need(appDatabaseUrl(config), 'CONCLAVE_DATABASE_APP_URL'),
    s3: {
      endpoint: need(
        config.s3.endpoint ?? readRunFile(data, 's3')?.address,
        'CONCLAVE_S3_ENDPOINT',
      ),
      region: config.s3.region,
      bucket: config.s3.bucket,
      accessKey: need(
        config.s3.accessKey ?? readSecret(data, 's3-access-key'),
        'CONCLAVE_S3_ACCESS_KEY',
      ),
      secretKey: need(
        config.s3.secretKey ?? readSecret(data, 's3-secret-key'),
        'CONCLAVE_S3_SECRET_KEY',
      ),
    },
    simulatedAddress: config.simulatedAddress ?? readRunFile(data, 'simulated')?.address,
  };
  return missing.length === 0 ? { ok: true, connections } : { ok: false, faults: missing };
}

/**
 * Reads this process's settings, with `.env` of the working folder beneath the real environment.
 * Ends the process with code 2 and one line per fault when something is wrong.
 *
 * @param argv - Flags; those of the process by default.
 */
export function readConfig(argv: readonly string[] = process.argv.slice(2)): Config {
  const loaded = loadConfig({ env: readEnvironment(), argv });
  return loaded.ok ? loaded.config : refuse(loaded.faults);
}

/**
 * Reads the settings of a process that joins running parts.
 * Ends the process with code 2 and one line per fault when something is wrong or not to be found.
 *
 * @param part - An API that is not started by the stack itself takes a free port (0) where the
 *   stack's own API holds the configured one.
 */
export function readServiceConfig(part: 'api' | 'worker'): ServiceConfig {
  const config = readConfig();
  const found = findConnections(config);
  if (!found.ok) return refuse([...found.faults, 'start the stack first: npm start']);
  const port = part === 'api' ? freePortBeside(config) : config.port;
  return { ...config, port, connections: found.connections };
}

/** Gives the variables of this process, with those of `.env` in the working folder beneath them. */
export function readEnvironment(): Environment {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return { ...process.env };
}

function buildConfig(values: Variables, env: Environment): Config {
  const isKeyVariable = listedVariables(values.CONCLAVE_KEY_VARIABLES);
  const isCommandVariable = listedVariables(values.CONCLAVE_COMMAND_VARIABLES);
  return {
    mode: values.CONCLAVE_MODE,
    host: values.CONCLAVE_HOST,
    port: values.CONCLAVE_PORT,
    dataFolder: resolve(values.CONCLAVE_DATA),
    logLevel: values.CONCLAVE_LOG_LEVEL,
    temporal: {
      address: values.CONCLAVE_TEMPORAL_ADDRESS,
      namespace: values.CONCLAVE_TEMPORAL_NAMESPACE,
      uiPort: values.CONCLAVE_TEMPORAL_UI_PORT,
      binary: values.CONCLAVE_TEMPORAL_BIN,
    },
    taskQueue: values.CONCLAVE_TASK_QUEUE,
    queues: values.CONCLAVE_QUEUES,
    sandboxFolders: values.CONCLAVE_SANDBOX_FOLDERS,
    hasCallStacks: values.CONCLAVE_CALL_STACKS === 'on',
    databaseUrl: values.CONCLAVE_DATABASE_URL,
    databaseAppUrl: values.CONCLAVE_DATABASE_APP_URL,
    s3: {
      endpoint: values.CONCLAVE_S3_ENDPOINT,
      region: values.CONCLAVE_S3_REGION,
      bucket: values.CONCLAVE_S3_BUCKET,
      accessKey: values.CONCLAVE_S3_ACCESS_KEY,
      secretKey: values.CONCLAVE_S3_SECRET_KEY,
      binary: values.CONCLAVE_S3_BIN,
    },
    allowedHosts: values.CONCLAVE_ALLOWED_HOSTS,
    commandFolders: values.CONCLAVE_COMMAND_FOLDERS,
    commandVariables: values.CONCLAVE_COMMAND_VARIABLES,
    adapters: values.CONCLAVE_ADAPTERS.map((module) =>
      /^[./]/.test(module) ? resolve(module) : module,
    ),
    webhooks: {
      hosts: values.CONCLAVE_WEBHOOK_HOSTS,
      loopback: values.CONCLAVE_MODE === 'local',
      triesMax: values.CONCLAVE_WEBHOOK_TRIES,
      firstWaitMs: values.CONCLAVE_WEBHOOK_FIRST_WAIT_MS,
      timeoutMs: values.CONCLAVE_WEBHOOK_TIMEOUT_MS,
    },
    sandbox: {
      backend: values.CONCLAVE_SANDBOX,
      dataFolder: values.CONCLAVE_SANDBOX_DATA && resolve(values.CONCLAVE_SANDBOX_DATA),
      image: values.CONCLAVE_SANDBOX_IMAGE,
    },
    simulated: values.CONCLAVE_SIMULATED,
    simulatedAddress: values.CONCLAVE_SIMULATED_ADDRESS,
    simulatedLatencyMs: values.CONCLAVE_SIMULATED_LATENCY_MS,
    providers: availableProviders((name) => (env[name] ?? '') !== ''),
    keyVariables: values.CONCLAVE_KEY_VARIABLES,
    ollamaHost: env['OLLAMA_HOST'],
    secretNamed: (name) => (isKeyVariable(name) ? env[name] : undefined),
    commandVariable: (name) => (isCommandVariable(name) ? env[name] : undefined),
  };
}

function ownVariables(env: Environment): Record<string, string> {
  const own = Object.entries(env).filter(
    ([name]) => name.startsWith(OWN_PREFIX) && !CLIENT_VARIABLES.includes(name),
  );
  return Object.fromEntries(own.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function describeIssue(issue: {
  code?: string | undefined;
  path: PropertyKey[];
  message: string;
  keys?: string[];
}): string[] {
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((name) => `${name}: unknown variable; see .env.example`);
  }
  return [`${String(issue.path[0])}: ${issue.message}`];
}

function freePortBeside(config: Config): number {
  // A child of the stack has a channel to its parent; it was given exactly the port it must take.
  if (process.connected) return config.port;
  const running = readRunFile(config.dataFolder, 'api');
  const isTaken = running !== undefined && Number(new URL(running.address).port) === config.port;
  return isTaken ? 0 : config.port;
}

/** Ends this process with code 2 and one line per fault of its configuration. */
export function refuse(faults: readonly string[]): never {
  process.stderr.write(`conclave: the configuration has faults\n`);
  for (const fault of faults) process.stderr.write(`  ${fault}\n`);
  process.exit(EXIT_BAD_CONFIGURATION);
}
