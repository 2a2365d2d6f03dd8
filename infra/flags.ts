import { VARIABLE_NAMES } from './config-schema.ts';
import { OWN_PREFIX } from './listed-variables.ts';

/** Gives the flag that sets a variable: `CONCLAVE_S3_BUCKET` is `--s3-bucket`. */
export function flagOf(variable: string): string {
  return `--${variable.slice(OWN_PREFIX.length).toLowerCase().replaceAll('_', '-')}`;
}

/**
 * Reads flags such as `--port 8080` and `--port=8080`.
 *
 * @returns the values by the variables' names; faults name the flag, never the value
 */
export function readFlags(argv: readonly string[]): {
  values: Record<string, string>;
  faults: string[];
} {
  const values: Record<string, string> = {};
  const faults: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const [flag, inline] = splitOnce(argv[index] ?? '');
    const variable = VARIABLE_NAMES.find((name) => flagOf(name) === flag);
    if (variable === undefined) {
      faults.push(`${flag}: unknown flag; known: ${VARIABLE_NAMES.map(flagOf).join(' ')}`);
      continue;
    }
    const value = inline ?? argv[(index += 1)];
    if (value === undefined || value === '') faults.push(`${flag}: expected a value after it`);
    else values[variable] = value;
  }
  return { values, faults };
}

function splitOnce(argument: string): [string, string | undefined] {
  const at = argument.indexOf('=');
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}
