import { parseArgs } from 'node:util';

/** What can be measured, in the order in which it is. */
export const measurementNames = [
  'what-if',
  'ready',
  'snippets',
  'sandbox-commands',
  'repository-copies',
  'single',
  'temporal-alone',
  'throughput',
  'watchers',
  'history',
  'approvals',
  'cancellations',
  'full-database',
] as const;

/** Name of one measurement. */
export type MeasurementName = (typeof measurementNames)[number];

/** Who answers the model calls: the bench's own small server, or the panel that comes with the stack. */
export type ModelsKind = 'lean' | 'simulated';

/** What was asked for on the command line. */
export interface BenchOptions {
  readonly only: readonly MeasurementName[];
  /** Debates of the throughput measurement. */
  readonly debates: number;
  /** Debates one after the other. */
  readonly runs: number;
  readonly inFlight: number;
  /** Approvals that wait at once. */
  readonly approvals: number;
  /** Finished debates in the full database. */
  readonly finished: number;
  readonly models: ModelsKind;
  /** Where the figures are written as JSON; nowhere by default. */
  readonly jsonFile: string | undefined;
}

/** How the command is used. */
export const usage = `npm run bench -- [--only NAME[,NAME]] [--debates 300] [--runs 100] [--in-flight 50]
                 [--approvals 1000] [--finished 10000] [--models lean|simulated]
                 [--json FILE]
measurements: ${measurementNames.join(', ')}`;

/**
 * Reads the command line.
 *
 * @throws TypeError or RangeError that says what is wrong
 */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: measurementNames.join(',') },
      debates: { type: 'string', default: '300' },
      runs: { type: 'string', default: '100' },
      'in-flight': { type: 'string', default: '50' },
      approvals: { type: 'string', default: '1000' },
      finished: { type: 'string', default: '10000' },
      models: { type: 'string', default: 'lean' },
      json: { type: 'string' },
    },
  });
  return {
    only: values.only.split(',').map(measurementNamed),
    debates: positive('--debates', values.debates),
    runs: positive('--runs', values.runs),
    inFlight: positive('--in-flight', values['in-flight']),
    approvals: positive('--approvals', values.approvals),
    finished: positive('--finished', values.finished),
    models: modelsNamed(values.models),
    jsonFile: values.json,
  };
}

function measurementNamed(text: string): MeasurementName {
  const name = measurementNames.find((known) => known === text);
  if (name !== undefined) return name;
  throw new RangeError(`--only: got ${text}, expected ${measurementNames.join(', ')}`);
}

function modelsNamed(text: string): ModelsKind {
  if (text === 'lean' || text === 'simulated') return text;
  throw new RangeError(`--models: got ${text}, expected lean or simulated`);
}

function positive(flag: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new RangeError(`${flag}: got ${text}, expected a whole number above 0`);
}
