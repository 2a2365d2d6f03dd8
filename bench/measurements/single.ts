import { Client, Connection } from '@temporalio/client';

import { workflowIdOf } from '../../infra/temporal/settings.ts';
import type { BenchStack } from '../bench-stack.ts';
import { figure, median, percentile } from '../figures.ts';
import type { Finding } from '../figures.ts';
import { countCosts, loadNote } from '../part-costs.ts';
import { criticalPathMs, sealedType } from '../reference-job.ts';

interface Run {
  readonly answerMs: number;
  readonly sealedAfterAnswerMs: number;
  readonly sealedAfterSendMs: number;
  readonly workflowMs: number;
}

const WARM_UP_RUNS = 10;
const overheadTarget = { kind: 'most', value: 130 } as const;
const answerTarget = { kind: 'most', value: 25 } as const;

/** Measures debates one after the other: what a person waits for beyond the models, and for the answer to a start. */
export async function measureSingle(
  bench: BenchStack,
  options: { runs: number },
): Promise<Finding> {
  const { temporalAddress, temporalNamespace } = bench.stack.connections;
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const client = new Client({ connection, namespace: temporalNamespace });
    for (let run = 0; run < WARM_UP_RUNS; run += 1) await runOnce(bench, client);
    const costs = countCosts(bench.parts);
    const runs: Run[] = [];
    for (let run = 0; run < options.runs; run += 1) runs.push(await runOnce(bench, client));
    return findingOf(runs, loadNote(costs()));
  } finally {
    await connection.close();
  }
}

async function runOnce({ client, job }: BenchStack, temporal: Client): Promise<Run> {
  const { id, sentAt, answeredAt } = await client.start(job);
  let sealedAt = 0;
  await client.watch(id, ({ type }) => {
    if (type === sealedType) sealedAt = performance.now();
  });
  const handle = temporal.workflow.getHandle(
    workflowIdOf({ pattern: 'debate', collaborationId: id }),
  );
  await handle.result();
  const { startTime, closeTime } = await handle.describe();
  return {
    answerMs: answeredAt - sentAt,
    sealedAfterAnswerMs: sealedAt - answeredAt,
    sealedAfterSendMs: sealedAt - sentAt,
    workflowMs: (closeTime?.getTime() ?? Number.NaN) - startTime.getTime(),
  };
}

function findingOf(runs: readonly Run[], load: string): Finding {
  const overhead = (ms: (run: Run) => number): number[] =>
    runs.map((run) => ms(run) - criticalPathMs);
  const afterAnswer = overhead((run) => run.sealedAfterAnswerMs);
  const afterSend = overhead((run) => run.sealedAfterSendMs);
  const workflow = overhead((run) => run.workflowMs);
  const answers = runs.map(({ answerMs }) => answerMs);
  return {
    measurement: `one debate at a time (${String(runs.length)} runs, critical path ${String(criticalPathMs)} ms)`,
    figures: [
      figure(
        'overhead, start answered to seal seen, p50',
        median(afterAnswer),
        'ms',
        overheadTarget,
      ),
      figure('overhead, start answered to seal seen, p90', percentile(afterAnswer, 0.9), 'ms'),
      figure('overhead, start sent to seal seen, p50', median(afterSend), 'ms'),
      figure('overhead, start sent to seal seen, p90', percentile(afterSend, 0.9), 'ms'),
      figure('overhead, workflow start to close, p50', median(workflow), 'ms', overheadTarget),
      figure('overhead, workflow start to close, p90', percentile(workflow, 0.9), 'ms'),
      figure('answer to a start, p50', median(answers), 'ms', answerTarget),
      figure('answer to a start, p99', percentile(answers, 0.99), 'ms'),
    ],
    notes: [load],
  };
}
