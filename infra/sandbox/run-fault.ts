import { normalize } from 'node:path';

import type { CommandRun, SnippetRun } from '../../domain/sandbox/run.ts';
import { faultOfGrants } from './grants.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
// The kernel takes no longer single argument, and bwrap no more options.
const TEXT_BYTES_MAX = 128 * 1024;
const VARIABLES_MAX = 1000;
const ARGUMENTS_MAX = 4000;
// To read a byte of code takes a hundred of memory, beside what the snippet itself may use.
const CODE_BYTES_MAX = 1024 * 1024;
const REQUEST_BYTES_MAX = 64 * 1024 * 1024;
// It is told to an engine in the small head of a message, whose length is bounded.
const SEED_BYTES_MAX = 8 * 1024;

/**
 * Says what is wrong with a command before anything of it is started.
 *
 * @param run - as it was asked for
 * @param stateFolder - the sandbox's own folder, which nobody is given
 * @returns undefined where nothing is
 */
export function faultOfCommand(run: CommandRun, stateFolder: string): string | undefined {
  return (
    faultOfArguments(run.argv) ??
    faultOfEnvironment(run.env) ??
    faultOfWorkFolder(run.workFolder) ??
    faultOfSeed(run.seed) ??
    faultOfGrants(run.grants, stateFolder)
  );
}

/**
 * Says what is wrong with a snippet before anything of it is started.
 *
 * @param run - as it was asked for
 * @param stateFolder - the sandbox's own folder, which nobody is given
 * @returns undefined where nothing is
 */
export function faultOfSnippet(run: SnippetRun, stateFolder: string): string | undefined {
  return faultOfTexts(run) ?? faultOfEnvironment(run.env) ?? faultOfGrants(run.grants, stateFolder);
}

/**
 * Says what is wrong with the texts of a snippet, whatever its language.
 *
 * @returns undefined where nothing is
 */
export function faultOfTexts({
  code,
  stdin,
  seed,
}: Pick<SnippetRun, 'code' | 'stdin' | 'seed'>): string | undefined {
  const codeBytes = Buffer.byteLength(code);
  const bytes = codeBytes + Buffer.byteLength(stdin);
  if (codeBytes > CODE_BYTES_MAX) {
    return `code: got ${codeBytes} bytes, expected at most ${CODE_BYTES_MAX}`;
  }
  if (bytes > REQUEST_BYTES_MAX) {
    return `code and stdin: got ${bytes} bytes, expected at most ${REQUEST_BYTES_MAX}`;
  }
  return faultOfSeed(seed);
}

function faultOfSeed(seed: string): string | undefined {
  const bytes = Buffer.byteLength(seed);
  if (bytes <= SEED_BYTES_MAX && !seed.includes('\0')) return undefined;
  return `seed: got ${bytes} bytes, expected at most ${SEED_BYTES_MAX}, none of them zero`;
}

function faultOfArguments(argv: readonly string[]): string | undefined {
  if (argv.length === 0 || argv.length > ARGUMENTS_MAX || argv[0] === '') {
    return `argv: got ${argv.length} words, expected a program and at most ${ARGUMENTS_MAX} in all`;
  }
  const index = argv.findIndex((each) => !isPassable(each));
  if (index === -1) return undefined;
  return `argv[${index}]: got a zero byte or too much, expected up to ${TEXT_BYTES_MAX} bytes of text`;
}

function faultOfEnvironment(env: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(env);
  if (entries.length > VARIABLES_MAX) {
    return `env: got ${entries.length} variables, expected at most ${VARIABLES_MAX}`;
  }
  for (const [name, value] of entries) {
    if (!NAME.test(name)) return `env: got the name ${name}, expected letters, digits and _`;
    if (!isPassable(value)) {
      return `env.${name}: got a zero byte or too much, expected up to ${TEXT_BYTES_MAX} bytes of text`;
    }
  }
  return undefined;
}

function faultOfWorkFolder(path: string): string | undefined {
  const isPlain = path.startsWith('/') && normalize(path) === path && isPassable(path);
  if (isPlain) return undefined;
  return `workFolder: got ${path}, expected an absolute path without . and ..`;
}

function isPassable(text: string): boolean {
  return !text.includes('\0') && Buffer.byteLength(text) < TEXT_BYTES_MAX;
}
