/** Evaluates the scenarios that it is sent, one after the other: a thread of `npm run evaluate`. */
import { parentPort } from 'node:worker_threads';

import { tryAll, type Extent } from '../../domain/evaluation/evaluation.ts';
import { scenarioNamed } from '../../domain/evaluation/scenarios.ts';
import { strategies } from '../../domain/evaluation/strategies.ts';

/** One scenario's work. */
export interface ScenarioTask {
  readonly scenario: string;
  readonly extent: Extent;
}

parentPort?.on('message', ({ scenario, extent }: ScenarioTask) => {
  parentPort?.postMessage(tryAll(scenarioNamed(scenario), strategies, extent));
});
