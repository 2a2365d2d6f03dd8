import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';

import { bundledWorkflows } from '../../../workers/bundle.ts';
import { rehearse } from '../../../workers/rehearsal.ts';
import { installRuntime } from '../../../workers/runtime.ts';
import { sharedAddresses } from '../end-to-end/addresses.ts';

const setUpMs = 120_000;
const testMs = 60_000;
const unheard = (): void => undefined;

/** A worker of a connection of its own, as each process has one. */
interface OwnWorker {
  readonly workerId: string;
  readonly client: Client;
  /** Ends it. */
  end(): Promise<void>;
}

const taskQueue = `rehearsal-${randomBytes(6).toString('hex')}`;
let workers: readonly OwnWorker[] = [];

beforeAll(async () => {
  installRuntime({ debug: unheard, info: unheard, warn: unheard, error: unheard });
  workers = await Promise.all([startWorker(), startWorker(), startWorker()]);
}, setUpMs);

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.end()));
  await Runtime.instance().shutdown();
});

async function startWorker(): Promise<OwnWorker> {
  const { address, namespace } = sharedAddresses().temporal;
  const workerId = `w${randomBytes(4).toString('hex')}`;
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    ...{ connection, namespace, taskQueue, identity: workerId },
    workflowBundle: { codePath: await bundledWorkflows() },
  });
  const running = worker.run();
  return {
    workerId,
    client: new Client({ connection, namespace }),
    end: async () => {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

test(
  'each worker runs its own rehearsal, though others take from the same queue',
  async () => {
    for (const { client, workerId } of workers) await rehearse(client, { workerId, taskQueue });

    const ranBy = await Promise.all(
      workers.map(async ({ client, workerId }) => {
        const { events } = await client.workflow.getHandle(`rehearsal/${workerId}`).fetchHistory();
        return events?.flatMap(
          (event) => event.workflowTaskCompletedEventAttributes?.identity ?? [],
        );
      }),
    );
    expect(ranBy).toEqual(workers.map(({ workerId }) => [workerId]));
  },
  testMs,
);
