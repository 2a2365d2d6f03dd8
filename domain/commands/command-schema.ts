import { z } from 'zod';

import { maybe, oneOf, only } from '../fields.ts';
import { limitsSchema } from '../sandbox/limits.ts';
import {
  argumentPlaceholders,
  commandLimits,
  commandTimeMsMax,
  ownFolder,
  settingPlaceholders,
  workFolder,
} from './command-settings.ts';
import type { CommandNetwork, CommandSettings } from './command-settings.ts';
import { knownPrograms } from './known-programs.ts';
import { knownFormats, outputFormatSchema, type KnownFormat } from './output-format.ts';
import { placeholdersIn } from './template.ts';

const argumentsMax = 64;
const variablesMax = 64;
const filesMax = 16;
const grantsMax = 16;
const hostsMax = 32;
const labelsMax = 16;
const templateCharactersMax = 16_000;
const pathCharactersMax = 1000;

/** What keys of well-known providers look like. They belong to the proxy, by a variable of the worker, never into a registration. */
const keyShape =
  /\b(sk|xai|gsk|pk|rk)-[A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30,}|\bgh[pousr]_[A-Za-z0-9]{30,}/;
const keyError =
  'a text without a key; network.upstream.from names the variable of a key that the proxy sends and the program does not see';

const pathError = `an absolute path of at most ${String(pathCharactersMax)} characters, without . and .. and //`;
const absolutePath = z
  .string({ error: pathError })
  .max(pathCharactersMax, { error: pathError })
  .refine(isAbsolute, { error: pathError });

const insideError = `an absolute path inside, apart from ${workFolder} and ${ownFolder}, without . and .. and //`;
const insidePath = absolutePath.refine((path) => !isOurs(path), { error: insideError });

const relativeError = 'a relative path, without . and .. and //';
const relativePath = z
  .string({ error: relativeError })
  .max(pathCharactersMax, { error: relativeError })
  .refine((path) => isAbsolute(`/${path}`), { error: relativeError });

const variableError =
  'the name of a variable: letters, digits and underscores, not ours (CONCLAVE_…)';
const variableName = z
  .string({ error: variableError })
  .regex(/^(?!CONCLAVE_)[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: variableError });

const workerVariableError =
  'the name of a variable of the worker: capitals, digits and underscores, not ours (CONCLAVE_…)';
const workerVariable = z
  .string({ error: workerVariableError })
  .regex(/^(?!CONCLAVE_)[A-Z][A-Z0-9_]{0,127}$/, { error: workerVariableError });

const argument = template(argumentPlaceholders);
const setting = template(settingPlaceholders);

const valueError =
  'a text, or {"from": "NAME"} for the value of a variable that CONCLAVE_COMMAND_VARIABLES lists';
const variableValue = z.union([setting, only({ from: workerVariable })], { error: valueError });

const hostError = 'host:port, for instance api.anthropic.com:443';
const hostAndPort = z
  .string({ error: hostError })
  .max(300, { error: hostError })
  .refine(isHostAndPort, { error: hostError });

const urlError = 'an http or https URL without credentials, query and fragment';
const upstreamUrl = z
  .string({ error: urlError })
  .max(2000, { error: urlError })
  .refine(isPlainUrl, { error: urlError });

const headerError = 'the name of an HTTP header';
const prefixError = 'at most 32 characters, for instance "Bearer "';
const upstream = only({
  url: upstreamUrl,
  header: maybe(
    z.string({ error: headerError }).regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, { error: headerError }),
  ),
  prefix: maybe(z.string({ error: prefixError }).regex(/^[ -~]{0,32}$/, { error: prefixError })),
  from: maybe(
    workerVariable
      .nullable()
      .describe('The variable of the worker with the key, one that CONCLAVE_KEY_VARIABLES lists.'),
  ),
});

const network = only({
  hosts: maybe(listOf(hostAndPort, { max: hostsMax, of: 'hosts' })),
  upstream: maybe(upstream.nullable()),
});

const grant = only({ host: absolutePath, path: insidePath, mode: maybe(oneOf(['read', 'copy'])) });

const labelError = 'a label of 1 to 63 letters, digits, dots, dashes and underscores';
const label = z
  .string({ error: labelError })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, { error: labelError });

const timeError = `at most ${String(commandTimeMsMax)}, for a turn may take several runs`;
const limits = limitsSchema.refine(({ timeMs = 0 }) => timeMs <= commandTimeMsMax, {
  error: timeError,
  path: ['timeMs'],
});

/** How a program is asked, as a registration names it: path and output, and whatever is not as usual. */
export const commandSchema = only({
  path: absolutePath.describe('Absolute path of the program inside its sandbox.'),
  output: outputFormatSchema.describe(
    'How it prints its answer; of a known program it also brings the usual arguments, variables, files and network.',
  ),
  arguments: maybe(
    listOf(argument, { max: argumentsMax, of: 'arguments' }).describe(
      `Templates with ${placeholdersOf(argumentPlaceholders)}; without {prompt} the prompt comes by standard input.`,
    ),
  ),
  environment: maybe(
    recordOf(variableName, variableValue, { max: variablesMax, of: 'variables' }).describe(
      'Its environment, besides the few variables that every run has: templates, or {"from": "NAME"} for a variable of the worker ' +
        'that CONCLAVE_COMMAND_VARIABLES lists. A key is better named by `network.upstream.from`: the proxy sends it, and the ' +
        'program does not see it.',
    ),
  ),
  files: maybe(
    recordOf(relativePath, setting, { max: filesMax, of: 'files' }).describe(
      'Put into its work folder before it starts: templates by relative path.',
    ),
  ),
  network: maybe(network.describe('Where it may connect to; nowhere by default.')),
  grants: maybe(
    listOf(grant, { max: grantsMax, of: 'grants' }).describe(
      'Folders of the host that it sees, each in one that CONCLAVE_COMMAND_FOLDERS lists; `copy`: it may change a copy.',
    ),
  ),
  labels: maybe(listOf(label, { max: labelsMax, of: 'labels' })),
  limits: maybe(limits.describe('5 minutes, 2 GiB of memory and 8 MiB of output by default.')),
  isDryCalled: maybe(
    z
      .boolean({ error: 'true or false' })
      .describe(
        'Whether it is asked for one word when it is registered, to see what it tells; true by default.',
      ),
  ),
});

/** See {@link commandSchema}. */
export type CommandRegistration = z.output<typeof commandSchema>;

const withoutNetwork: CommandNetwork = { hosts: [], upstream: null };

/**
 * Completes what a registration names with what its program usually needs. Variables and files that it names stand beside
 * the usual ones; arguments, hosts and the upstream take their place.
 */
export function completeCommand(named: CommandRegistration): CommandSettings {
  const usual = isKnown(named.output.kind) ? knownPrograms[named.output.kind] : undefined;
  return {
    path: named.path,
    arguments: named.arguments ?? usual?.arguments ?? [],
    environment: { ...usual?.environment, ...named.environment },
    files: { ...usual?.files, ...named.files },
    output: named.output,
    network: networkOf(named.network, usual?.network ?? withoutNetwork),
    grants: (named.grants ?? []).map((each) => ({ ...each, mode: each.mode ?? 'read' })),
    labels: named.labels ?? [],
    limits: { ...commandLimits, ...named.limits },
    isDryCalled: named.isDryCalled ?? true,
  };
}

function networkOf(named: CommandRegistration['network'], usual: CommandNetwork): CommandNetwork {
  return {
    hosts: named?.hosts ?? usual.hosts,
    upstream: upstreamOf(named?.upstream, usual.upstream),
  };
}

function upstreamOf(
  named: z.output<typeof upstream> | null | undefined,
  usual: CommandNetwork['upstream'],
): CommandNetwork['upstream'] {
  if (named === undefined) return usual;
  if (named === null) return null;
  const { header = 'authorization', prefix = 'Bearer ', from = null } = usual ?? {};
  return {
    url: named.url,
    header: named.header ?? header,
    prefix: named.prefix ?? prefix,
    from: named.from === undefined ? from : named.from,
  };
}

function isKnown(kind: string): kind is KnownFormat {
  return (knownFormats as readonly string[]).includes(kind);
}

function placeholdersOf(names: readonly string[]): string {
  return names.map((name) => `{${name}}`).join(', ');
}

function template(names: readonly string[]) {
  const placeholders = placeholdersOf(names);
  const error = `a text of at most ${String(templateCharactersMax)} characters whose placeholders are among ${placeholders}; {{word}} stands for {word} itself`;
  return z
    .string({ error })
    .max(templateCharactersMax, { error })
    .refine(
      (text) => !text.includes('\0') && placeholdersIn(text).every((name) => names.includes(name)),
      { error },
    )
    .refine((text) => !keyShape.test(text), { error: keyError });
}

function listOf<T extends z.ZodType>(item: T, { max, of }: { max: number; of: string }) {
  const error = `a list of at most ${String(max)} ${of}`;
  return z.array(item, { error }).max(max, { error }).readonly();
}

function recordOf<K extends z.ZodString, T extends z.ZodType>(
  key: K,
  value: T,
  { max, of }: { max: number; of: string },
) {
  const error = `an object of at most ${String(max)} ${of}`;
  return z
    .record(key, value, { error })
    .refine((record) => Object.keys(record).length <= max, { error });
}

function isAbsolute(path: string): boolean {
  if (!path.startsWith('/') || /[\p{Control}\p{Surrogate}]/u.test(path)) return false;
  return path
    .slice(1)
    .split('/')
    .every((name) => name !== '' && name !== '.' && name !== '..');
}

function isOurs(path: string): boolean {
  return [workFolder, ownFolder].some((own) => path === own || path.startsWith(`${own}/`));
}

function isHostAndPort(text: string): boolean {
  const [, host, port] = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})$/.exec(text) ?? [];
  const isPort = Number(port) >= 1 && Number(port) <= 65_535;
  return host !== undefined && isPort && URL.canParse(`http://${text}`);
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isBare = url.username + url.password + url.search + url.hash === '';
  return isBare && (url.protocol === 'https:' || url.protocol === 'http:');
}
