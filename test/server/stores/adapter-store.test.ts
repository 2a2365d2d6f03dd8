import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import type { AdapterDescription } from '../../../domain/providers/adapter.ts';
import { createWorkerRegistry } from '../../../infra/stores/worker-registry.ts';
import type { WorkerRegistry } from '../../../infra/stores/worker-registry.ts';
import { openFixture } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;
let open: WorkerRegistry[] = [];

beforeAll(async () => {
  fixture = await openFixture();
});

afterEach(async () => {
  await Promise.all(open.map((registry) => registry.close()));
  open = [];
  await fixture.owner.sql`delete from conclave.workers`;
  await fixture.owner.sql`delete from conclave.adapters`;
});

afterAll(() => fixture.close());

function parley(version: string): AdapterDescription {
  const capabilities = {
    streaming: true,
    structuredOutput: false,
    vision: false,
    systemPrompt: true,
    promptCaching: false,
  };
  return { name: 'parley', version, contract: 1, baseUrl: 'http://127.0.0.1:1', capabilities };
}

/** Starts a worker that has loaded these adapters, in a process of its own. */
async function work(
  workerId: string,
  adapters: readonly AdapterDescription[],
): Promise<WorkerRegistry> {
  const registry = createWorkerRegistry({ url: fixture.database.appUrl });
  open.push(registry);
  await registry.register({ workerId, taskQueue: 'queue', adapters });
  return registry;
}

async function known(): Promise<readonly object[]> {
  const adapters = await fixture.stores.adapters.list();
  return adapters.map(({ description, workers }) => ({ version: description.version, ...workers }));
}

describe('the adapters of the house', () => {
  test('are those that workers say they have loaded', async () => {
    expect(await known()).toEqual([]);

    await work('w1', [parley('1')]);

    const [adapter] = await fixture.stores.adapters.list();
    expect(adapter?.description).toEqual(parley('1'));
    expect(adapter?.workers).toEqual({ running: 1, having: 1, alike: 1 });
    expect(adapter?.loadedAt).toMatch(/Z$/);
  });

  test('are told apart by version, and the last one loaded is shown', async () => {
    await work('w1', [parley('1')]);
    await work('w2', []);
    await work('w3', [parley('2')]);

    expect(await known()).toEqual([{ version: '2', running: 3, having: 2, alike: 1 }]);
  });

  test('stay known when no worker that has them is alive', async () => {
    const registry = await work('w1', [parley('1')]);

    // The lock falls with the connection; the row stays for whoever takes over.
    await registry.close();

    expect(await known()).toEqual([{ version: '1', running: 0, having: 0, alike: 0 }]);
  });
});
