import { availableParallelism } from 'node:os';

import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';

import type { Activities, SandboxActivities } from '../activities/activities.ts';
import type { ServiceConfig } from '../infra/config.ts';
import { releaseVersion } from '../infra/stack/program-part.ts';
import { queueNamed } from '../infra/work-queues.ts';
import type { WorkQueue } from '../infra/work-queues.ts';
import { processorBoundOptions, workerOptions } from './worker-options.ts';

/** What the workers of a process do, and over which connection. */
export interface WorkerParts {
  readonly connection: NativeConnection;
  readonly workerId: string;
  /** The workflows' bundle; undefined where no queue takes workflows. */
  readonly codePath: string | undefined;
  readonly activities: Activities;
  readonly sandboxActivities: SandboxActivities;
}

/** Makes a worker for each queue that the configuration tells; that of collaborations alone has workflows. */
export async function createWorkers(
  config: ServiceConfig,
  parts: WorkerParts,
): Promise<readonly Worker[]> {
  return await Promise.all(
    config.queues.map(async (queue) =>
      Worker.create({ ...commonOptions(config, parts, queue), ...workOf(queue, parts) }),
    ),
  );
}

function commonOptions(
  { connections, taskQueue }: ServiceConfig,
  { connection, workerId }: WorkerParts,
  queue: WorkQueue,
): WorkerOptions {
  return {
    connection,
    namespace: connections.temporalNamespace,
    taskQueue: queueNamed(taskQueue, queue),
    identity: workerId,
    // Stands in every event of a task; the default is a hash ten times as long.
    workerDeploymentOptions: {
      version: { deploymentName: 'conclave', buildId: releaseVersion() },
      useWorkerVersioning: false,
    },
  };
}

function workOf(
  queue: WorkQueue,
  { activities, sandboxActivities, codePath }: WorkerParts,
): Partial<WorkerOptions> {
  if (queue !== 'collaborations') {
    return { ...processorBoundOptions(availableParallelism()), activities: sandboxActivities };
  }
  return {
    ...workerOptions,
    ...(codePath === undefined ? {} : { workflowBundle: { codePath } }),
    activities,
  };
}
