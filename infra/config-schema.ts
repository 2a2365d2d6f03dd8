import { z } from 'zod';

import { sandboxBackends } from '../domain/sandbox/run.ts';
import { LISTED_VARIABLE_PATTERN } from './listed-variables.ts';
import { grantableFolders } from './sandbox-folders.ts';
import { workQueues } from './work-queues.ts';
import type { WorkQueue } from './work-queues.ts';

/** Levels of the logger, from the most to the least talkative; `silent` writes nothing. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const PORT_MAX = 65_535;

const port = z
  .string()
  .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX, {
    error: `expected a whole number from 0 (any free port) to ${String(PORT_MAX)}`,
  })
  .transform(Number);

const milliseconds = z
  .string()
  .regex(/^\d{1,7}$/, { error: 'expected whole milliseconds, for instance 50' })
  .transform(Number);

const text = z.string().min(1);

const url = (protocols: readonly string[]) =>
  z.string().refine((value) => protocols.includes(protocolOf(value)), {
    error: `expected a URL that begins with ${protocols.map((name) => `${name}//`).join(' or ')}`,
  });

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `expected one of: ${values.join(', ')}` });

const HOST_NAME = '[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?';
const HOST_PATTERN = new RegExp(
  `^(${HOST_NAME}|\\[[0-9a-f:]+\\])(:\\d{1,5})?$|^\\*\\.${HOST_NAME}$`,
  'i',
);

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const variableList = list.refine(
  (patterns) => patterns.every((pattern) => LISTED_VARIABLE_PATTERN.test(pattern)),
  { error: 'expected names of variables separated by commas, each NAME or *_ENDING' },
);

/** A path that begins with a dot or a slash, or the name of a package, perhaps with a path inside it. */
const MODULE_PATTERN = /^(?:\.{0,2}\/\S+|(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*(?:\/[\w.-]+)*)$/i;

const moduleList = list.refine(
  (modules) =>
    modules.every((module) => MODULE_PATTERN.test(module)) &&
    new Set(modules).size === modules.length,
  {
    error:
      'expected modules separated by commas, none twice, each a path that begins with ./, ../ or /, or the name of a package',
  },
);

const hostList = list.refine(
  (hosts) => hosts.every((host) => HOST_PATTERN.test(host) && hasPossiblePort(host)),
  {
    error: 'expected hosts separated by commas, each host, host:port or *.domain, without a scheme',
  },
);

const folderList = list.refine(
  (folders) =>
    folders.every((folder) => /^(\/[^/]+)+$/.test(folder) && !/\/\.\.?(\/|$)/.test(folder)),
  { error: 'expected absolute paths separated by commas, each without . and .. and / at its end' },
);

const webhookHostList = list.refine(
  (hosts) =>
    hosts.every((host) => host === '*' || (HOST_PATTERN.test(host) && hasPossiblePort(host))),
  {
    error:
      'expected hosts separated by commas, each host, host:port, *.domain or * alone, without a scheme',
  },
);

const queueList = list
  .refine((names) => names.length > 0 && names.every(isWorkQueue), {
    error: `expected queues separated by commas, each of: ${workQueues.join(', ')}`,
  })
  .transform((names): readonly WorkQueue[] => workQueues.filter((name) => names.includes(name)));

const whole = ({ from, to }: { from: number; to: number }) =>
  z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to, {
      error: `expected a whole number from ${String(from)} to ${String(to)}`,
    })
    .transform(Number);

function isWorkQueue(name: string): name is WorkQueue {
  return (workQueues as readonly string[]).includes(name);
}

function hasPossiblePort(address: string): boolean {
  const port = /:(\d+)$/.exec(address)?.[1];
  return port === undefined || Number(port) <= PORT_MAX;
}

function protocolOf(value: string): string {
  return URL.canParse(value) ? new URL(value).protocol : '';
}

/** Every variable with our prefix: its shape and its default. `.env.example` explains each. */
export const VARIABLES = z.strictObject({
  CONCLAVE_MODE: oneOf(['local', 'cluster']).default('local'),
  CONCLAVE_HOST: text.default('127.0.0.1'),
  CONCLAVE_PORT: port.default(7400),
  CONCLAVE_DATA: text.default('.conclave'),
  CONCLAVE_LOG_LEVEL: oneOf(LOG_LEVELS).default('info'),
  CONCLAVE_TEMPORAL_ADDRESS: z
    .string()
    .refine((address) => /^[^\s/:]+:\d{1,5}$/.test(address) && hasPossiblePort(address), {
      error: `expected host:port without a scheme, the port at most ${String(PORT_MAX)}`,
    })
    .optional(),
  CONCLAVE_TEMPORAL_NAMESPACE: text.default('default'),
  CONCLAVE_TEMPORAL_UI_PORT: port.optional(),
  CONCLAVE_TEMPORAL_BIN: text.optional(),
  CONCLAVE_TASK_QUEUE: text.default('collaborations'),
  CONCLAVE_QUEUES: queueList.default(workQueues),
  CONCLAVE_SANDBOX_FOLDERS: grantableFolders.default([]),
  CONCLAVE_CALL_STACKS: oneOf(['on', 'off']).default('off'),
  CONCLAVE_DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  CONCLAVE_DATABASE_APP_URL: url(['postgres:', 'postgresql:']).optional(),
  CONCLAVE_S3_ENDPOINT: url(['http:', 'https:']).optional(),
  CONCLAVE_S3_REGION: text.default('us-east-1'),
  CONCLAVE_S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
      error: 'expected a bucket name: 3 to 63 of a-z, 0-9, dot and hyphen',
    })
    .default('conclave'),
  CONCLAVE_S3_ACCESS_KEY: text.optional(),
  CONCLAVE_S3_SECRET_KEY: text.optional(),
  CONCLAVE_S3_BIN: text.optional(),
  CONCLAVE_ALLOWED_HOSTS: hostList.default([]),
  CONCLAVE_COMMAND_FOLDERS: folderList.default([]),
  CONCLAVE_COMMAND_VARIABLES: variableList.default([]),
  CONCLAVE_KEY_VARIABLES: variableList.default(['*_API_KEY']),
  CONCLAVE_ADAPTERS: moduleList.default([]),
  CONCLAVE_WEBHOOK_HOSTS: webhookHostList.default([]),
  CONCLAVE_WEBHOOK_TRIES: whole({ from: 1, to: 20 }).default(10),
  CONCLAVE_WEBHOOK_FIRST_WAIT_MS: whole({ from: 1, to: 3_600_000 }).default(10_000),
  CONCLAVE_WEBHOOK_TIMEOUT_MS: whole({ from: 100, to: 60_000 }).default(15_000),
  CONCLAVE_SANDBOX: oneOf(sandboxBackends).default('bwrap'),
  CONCLAVE_SANDBOX_DATA: text.optional(),
  CONCLAVE_SANDBOX_IMAGE: text.optional(),
  CONCLAVE_SIMULATED: oneOf(['auto', 'on', 'off']).default('auto'),
  CONCLAVE_SIMULATED_ADDRESS: url(['http:', 'https:']).optional(),
  CONCLAVE_SIMULATED_LATENCY_MS: milliseconds.default(50),
});

/** The variables after validation, under their own names. */
export type Variables = z.infer<typeof VARIABLES>;

/** Names of all variables with our prefix. */
export const VARIABLE_NAMES: readonly string[] = Object.keys(VARIABLES.shape);

/** A level of the logger. */
export type LogLevel = (typeof LOG_LEVELS)[number];
