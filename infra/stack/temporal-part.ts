import { join } from 'node:path';

import type { PartPlan } from './supervised-part.ts';

/** Attributes by which runs are found in Temporal's UI; all are keywords. */
const SEARCH_ATTRIBUTES = ['TenantId', 'Pattern', 'Status', 'ProjectId'];

// Written through to the disk at checkpoints only: a killed process loses nothing, a power cut may lose the last moments,
// which every run learns from the ledger again (docs/decisions/0014). Against synchronous=full 8.6 to 10.6 debates per
// second with 50 in flight, and 200 to 176 ms of overhead for one.
const PRAGMAS = ['journal_mode=wal', 'synchronous=normal'];
const DYNAMIC_CONFIG = [
  'matching.useNewMatcher=true',
  'matching.enableFairness=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  // By default a timer that is due within a second fires up to a second late, and with it the next try of a call whose
  // worker died and the end of a workflow task's time.
  'history.timerProcessorMaxTimeShift="10ms"',
  'system.enableActivityEagerExecution=true',
  'system.enableEagerWorkflowStart=true',
  'frontend.namespaceRPS.visibility=100',
  'frontend.namespaceRPS=20000',
];

/** Plans the Temporal development server with its UI. */
export function planTemporal(options: {
  dataFolder: string;
  binary: string;
  version: string;
  namespace: string;
  port: number;
  uiPort: number;
  metricsPort: number;
  env: Readonly<Record<string, string | undefined>>;
}): PartPlan {
  const address = `127.0.0.1:${String(options.port)}`;
  const args = [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port)],
    ...['--ui-port', String(options.uiPort), '--metrics-port', String(options.metricsPort)],
    ...['--db-filename', join(options.dataFolder, 'temporal', 'temporal.db')],
    ...['--namespace', options.namespace, '--ui-disable-news-fetch'],
    ...PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]),
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...DYNAMIC_CONFIG.flatMap((setting) => ['--dynamic-config-value', setting]),
  ];
  return {
    name: 'temporal',
    address,
    version: options.version,
    // Printed once the namespace and its search attributes are there, which health does not tell.
    readiness: { output: /Temporal Server:/ },
    stopSignal: 'SIGTERM',
    hasChannel: false,
    // A collector that runs a quarter as often costs 100 MB and buys a fifth of the processor.
    command: () => ({
      program: options.binary,
      args,
      env: { ...options.env, GOGC: '400' },
      cwd: join(options.dataFolder, 'temporal'),
    }),
  };
}
