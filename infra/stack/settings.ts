import type { Config, Connections, Environment } from '../config.ts';
import { folderText } from '../sandbox-folders.ts';

// What programs that are not ours may see: where things are, no credentials, nothing that would
// change how they behave.
const SYSTEM_VARIABLES =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+|SystemRoot|SYSTEMROOT|SSL_CERT_\w+|GO\w+|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)$/;

/** Gives the variables that a foreign program may see. */
export function systemVariables(env: Environment): Record<string, string> {
  return pick(env, (name) => SYSTEM_VARIABLES.test(name));
}

/**
 * Gives the variables of one of our own programs: everything that is not ours as it stands (agents
 * name variables for their keys), and our own settings as the stack has resolved them. The owner's
 * database URL is never among them.
 */
export function programVariables(options: {
  env: Environment;
  config: Config;
  connections: Connections;
  port: number;
  uiPort: number | undefined;
}): Record<string, string> {
  const { config, connections } = options;
  const foreign = pick(
    options.env,
    (name) => !name.startsWith('CONCLAVE_') && !name.startsWith('npm_') && name !== 'NODE_OPTIONS',
  );
  const optional = {
    CONCLAVE_SIMULATED_ADDRESS: connections.simulatedAddress,
    CONCLAVE_TEMPORAL_UI_PORT: options.uiPort?.toString(),
    CONCLAVE_ALLOWED_HOSTS: config.allowedHosts.join(','),
    CONCLAVE_KEY_VARIABLES: config.keyVariables.join(','),
    CONCLAVE_COMMAND_FOLDERS: config.commandFolders.join(','),
    CONCLAVE_COMMAND_VARIABLES: config.commandVariables.join(','),
    CONCLAVE_ADAPTERS: config.adapters.join(','),
    CONCLAVE_WEBHOOK_HOSTS: config.webhooks.hosts.join(','),
    CONCLAVE_SANDBOX_FOLDERS: config.sandboxFolders.map(folderText).join(','),
    CONCLAVE_SANDBOX_DATA: config.sandbox.dataFolder,
    CONCLAVE_SANDBOX_IMAGE: config.sandbox.image,
  };
  return {
    ...foreign,
    CONCLAVE_MODE: config.mode,
    CONCLAVE_HOST: config.host,
    CONCLAVE_PORT: String(options.port),
    CONCLAVE_DATA: config.dataFolder,
    CONCLAVE_LOG_LEVEL: config.logLevel,
    CONCLAVE_TEMPORAL_ADDRESS: connections.temporalAddress,
    CONCLAVE_TEMPORAL_NAMESPACE: connections.temporalNamespace,
    CONCLAVE_TASK_QUEUE: config.taskQueue,
    CONCLAVE_QUEUES: config.queues.join(','),
    CONCLAVE_CALL_STACKS: config.hasCallStacks ? 'on' : 'off',
    CONCLAVE_DATABASE_APP_URL: connections.databaseUrl,
    CONCLAVE_S3_ENDPOINT: connections.s3.endpoint,
    CONCLAVE_S3_REGION: connections.s3.region,
    CONCLAVE_S3_BUCKET: connections.s3.bucket,
    CONCLAVE_S3_ACCESS_KEY: connections.s3.accessKey,
    CONCLAVE_S3_SECRET_KEY: connections.s3.secretKey,
    CONCLAVE_WEBHOOK_TRIES: String(config.webhooks.triesMax),
    CONCLAVE_WEBHOOK_FIRST_WAIT_MS: String(config.webhooks.firstWaitMs),
    CONCLAVE_WEBHOOK_TIMEOUT_MS: String(config.webhooks.timeoutMs),
    CONCLAVE_SANDBOX: config.sandbox.backend,
    CONCLAVE_SIMULATED: connections.simulatedAddress === undefined ? 'off' : 'on',
    CONCLAVE_SIMULATED_LATENCY_MS: String(config.simulatedLatencyMs),
    ...pick(optional, () => true),
  };
}

/** Tells whether the stack offers the simulated panel: when asked to, or when there is no key. */
export function wantsSimulated(config: Config): boolean {
  if (config.simulated !== 'auto') return config.simulated === 'on';
  return config.providers.length === 0;
}

function pick(env: Environment, keep: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && value !== '' && keep(name) ? [[name, value]] : [],
    ),
  );
}
