import { z } from 'zod';

import { maybe, oneOf, only } from '../fields.ts';
import { completeLimits, limitsSchema } from './limits.ts';
import type { SandboxLimits } from './limits.ts';
import { grantModes, sandboxLanes } from './run.ts';
import type { Grant, SandboxLane } from './run.ts';

/** A folder that the configuration names, and where the run sees it. */
export interface FolderGrant {
  /** Name in the configuration; a request never names a path of the host. */
  readonly folder: string;
  /** Absolute path inside. */
  readonly path: string;
  readonly mode: Grant['mode'];
}

/** A run as it is asked for. */
export interface SandboxRequest {
  readonly lane: SandboxLane;
  /** Of snippets. */
  readonly code?: string;
  /** Of commands: program and arguments. */
  readonly argv?: readonly string[];
  /** Of commands: absolute path inside. */
  readonly workFolder?: string;
  readonly grants?: readonly FolderGrant[];
  readonly limits?: Partial<SandboxLimits>;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly seed?: string;
}

interface AnyAskedRun {
  readonly limits: SandboxLimits;
  readonly grants: readonly FolderGrant[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly seed: string;
}

/** A run with every setting, whose folders have the names of the configuration: what is kept as an artifact. */
export type AskedRun = AnyAskedRun &
  (
    | { readonly lane: 'javascript' | 'python'; readonly code: string }
    | { readonly lane: 'command'; readonly argv: readonly string[]; readonly workFolder: string }
  );

const codeMax = 1_000_000;
const stdinMax = 8_000_000;
const argumentMax = 100_000;
const argumentsMax = 1000;
const variablesMax = 100;
const variableMax = 32_000;
const grantsMax = 20;
const pathMax = 1000;
const seedMax = 200;
const workFolderUsual = '/work';

/** What UTF-8 cannot hold, and what ends a text for the kernel. */
const unsayable = /\0|\p{Surrogate}/u;

function text({ from, to, what }: { from: number; to: number; what: string }) {
  const error = `${what} of ${from.toLocaleString('en')} to ${to.toLocaleString('en')} characters of Unicode, none of them number 0`;
  return z
    .string({ error })
    .min(from, { error })
    .max(to, { error })
    .refine((value) => !unsayable.test(value), { error });
}

function list<T extends z.ZodType>(item: T, { from, to }: { from: number; to: number }) {
  const error = `a list of ${from} to ${to}`;
  return z.array(item, { error }).min(from, { error }).max(to, { error }).readonly();
}

const pathError = 'an absolute path below /, without . and .., at most 1,000 characters';
const insidePath = z
  .string({ error: pathError })
  .max(pathMax, { error: pathError })
  .regex(/^(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+$/, { error: pathError });

const variableError = `an object of at most ${variablesMax} variables: a letter or _, then letters, digits and _, at most 128 in all`;
const variables = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: variableError }),
    text({ from: 0, to: variableMax, what: 'a value' }),
    { error: variableError },
  )
  .refine((env) => Object.keys(env).length <= variablesMax, { error: variableError })
  .readonly();

const grant = only({
  folder: text({ from: 1, to: 64, what: 'the name of a folder of the configuration' }),
  path: insidePath.describe('Where the run sees it: an absolute path inside.'),
  mode: oneOf(grantModes).describe(
    '`read`: as it is. `copy`: a copy that the run may change; what it changed is the `diff`. `write`: the folder itself.',
  ),
});

/**
 * Checks the body of a request to run something; unknown fields are refused. Whether a folder is there is told by
 * {@link folderFaults}.
 */
export const sandboxRequestSchema = only({
  lane: oneOf(sandboxLanes).describe(
    'What runs: a snippet of JavaScript or TypeScript, a snippet of Python, or a command.',
  ),
  code: maybe(
    text({ from: 1, to: codeMax, what: 'code' }).describe(
      'The snippet. Its value is what it ends with, or what it gives to `output(value)`.',
    ),
  ),
  argv: maybe(
    list(text({ from: 0, to: argumentMax, what: 'an argument' }), {
      from: 1,
      to: argumentsMax,
    }).describe('Program and arguments of a command; no shell reads them.'),
  ),
  workFolder: maybe(insidePath.describe('Where a command starts; `/work` by default.')),
  grants: maybe(
    list(grant, { from: 0, to: grantsMax }).describe(
      'Folders that the configuration names, and where a command or a snippet of Python sees them.',
    ),
  ),
  limits: maybe(limitsSchema.describe('Any limit; those not named have their usual value.')),
  env: maybe(variables.describe('The whole environment, besides a few variables of every run.')),
  stdin: maybe(
    text({ from: 0, to: stdinMax, what: 'standard input' }).describe(
      'Standard input; for JavaScript, the text that `input` holds.',
    ),
  ),
  seed: maybe(
    text({ from: 1, to: seedMax, what: 'a seed' }).describe(
      'Drives chance and time in JavaScript; `CONCLAVE_SEED` elsewhere. Drawn where absent.',
    ),
  ),
}).superRefine((request, context) => {
  for (const [field, expected] of unfitting(request)) {
    context.addIssue({ code: 'custom', path: field.split('.'), message: expected });
  }
});

/** What each lane has no use for. */
const barredFields = {
  javascript: ['argv', 'workFolder', 'grants', 'env'],
  python: ['argv', 'workFolder'],
  command: ['code'],
} as const satisfies Record<SandboxLane, readonly (keyof SandboxRequest)[]>;

/** What only one lane has, and what another needs. */
function unfitting(request: SandboxRequest): readonly (readonly [string, string])[] {
  const { lane, limits } = request;
  const needed = lane === 'command' ? 'argv' : 'code';
  return [
    ...(request[needed] === undefined ? [[needed, `it, for the lane ${lane}`] as const] : []),
    ...barredFields[lane]
      .filter((field) => request[field] !== undefined)
      .map((field) => [field, `nothing: the lane ${lane} has no ${field}`] as const),
    ...(lane !== 'javascript' && limits?.fuel !== undefined
      ? [['limits.fuel', `nothing: the lane ${lane} has no fuel`] as const]
      : []),
  ];
}

/**
 * Completes a request that fits {@link sandboxRequestSchema}.
 *
 * @param request - as it came
 * @param seed - for a request that names none
 */
export function completeRequest(request: SandboxRequest, seed: string): AskedRun {
  const { lane, code = '', argv = [], workFolder = workFolderUsual } = request;
  const every = {
    limits: completeLimits(request.limits ?? {}),
    grants: request.grants ?? [],
    env: request.env ?? {},
    stdin: request.stdin ?? '',
    seed: request.seed ?? seed,
  };
  return lane === 'command' ? { ...every, lane, argv, workFolder } : { ...every, lane, code };
}
