import { readConfig, readEnvironment } from '../config.ts';
import { examine } from './doctor.ts';
import type { Finding } from './doctor.ts';

const NAME_WIDTH = 18;
const STATES: Readonly<Record<Finding['state'], string>> = {
  ok: 'ok     ',
  note: '-      ',
  missing: 'MISSING',
};

/** Prints what is there and what is missing; answers 1 when something needed is missing. */
async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  const config = readConfig(argv.filter((argument) => argument !== '--json'));
  const findings = await examine(config, readEnvironment());
  const isHealthy = findings.every((finding) => finding.state !== 'missing');
  const text = argv.includes('--json')
    ? JSON.stringify({ healthy: isHealthy, findings }, undefined, 2)
    : findings.map(describe).join('\n');
  process.stdout.write(`${text}\n`);
  return isHealthy ? 0 : 1;
}

function describe(finding: Finding): string {
  const line = `${STATES[finding.state]} ${finding.name.padEnd(NAME_WIDTH)} ${finding.detail}`;
  return finding.mend === undefined
    ? line
    : `${line}\n${' '.repeat(NAME_WIDTH + 9)}-> ${finding.mend}`;
}

process.exitCode = await main();
