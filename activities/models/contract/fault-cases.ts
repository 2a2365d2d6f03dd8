import assert from 'node:assert/strict';

import type { ProviderFault } from '../../../domain/providers/model-connector.ts';
import {
  assertFields,
  contractKey,
  contractRequest,
  faultOf,
  until,
  type ContractScene,
  type SceneCase,
} from './scene.ts';

/** A connector stops within this time of its signal, milliseconds. */
const cancelWithinMs = 1000;

/** How long the provider says to wait, milliseconds. */
const toldMs = 100;

const statuses: readonly [
  number,
  ProviderFault['code'],
  ProviderFault['disposition'],
  number | null,
][] = [
  [429, 'rate-limited', 'retry-after', toldMs],
  [529, 'overloaded', 'retry-after', toldMs],
  [500, 'server-error', 'retry-after', toldMs],
  [408, 'timeout', 'retry-after', toldMs],
  [401, 'unauthorised', 'never', null],
  [404, 'not-found', 'never', null],
  [400, 'bad-request', 'never', null],
];

const sortingCases = statuses.map(([status, code, disposition, retryAfterMs]): SceneCase => ({
  title: `sorts status ${status} into ${code}, ${disposition}`,
  check: async ({ connector }: ContractScene): Promise<void> => {
    const failing = connector({ model: `sim-${status}` });

    const fault = await faultOf(failing.ask(contractRequest()));

    assertFields(fault, { status, code, disposition, retryAfterMs });
  },
}));

const silenceCases = ['sim-hang', 'sim-stall'].map((model): SceneCase => ({
  title: `gives up on silence: ${model}`,
  check: async ({ connector }: ContractScene): Promise<void> => {
    const fault = await faultOf(connector({ model, patienceMs: 100 }).ask(contractRequest()));

    assertFields(fault, { code: 'timeout', disposition: 'retry-now' });
  },
}));

/** What comes back when something goes wrong. */
export const faultCases: readonly SceneCase[] = [
  ...sortingCases,
  {
    title: 'makes one call and no retry',
    check: async ({ connector, calls }: ContractScene): Promise<void> => {
      await faultOf(connector({ model: 'sim-once-500' }).ask(contractRequest()));

      const [count, ...others] = await calls();
      assert.equal(others.length, 0);
      assert.equal(`${count?.calls} call, ${count?.failed} failed`, '1 call, 1 failed');
    },
  },
  {
    title: 'calls a connection that breaks in the middle unreachable',
    check: async ({ connector }: ContractScene): Promise<void> => {
      const fault = await faultOf(connector({ model: 'sim-disconnect' }).ask(contractRequest()));

      assertFields(fault, { code: 'unreachable', disposition: 'retry-now' });
    },
  },
  {
    title: 'never retries what is not the provider’s format',
    check: async ({ connector }: ContractScene): Promise<void> => {
      const fault = await faultOf(connector({ model: 'sim-garbage' }).ask(contractRequest()));

      assertFields(fault, { code: 'malformed', disposition: 'never' });
    },
  },
  {
    title: 'keeps prompt and key out of its faults',
    check: async ({ connector }: ContractScene): Promise<void> => {
      const text = 'words of the prompt';
      const request = contractRequest({ parts: [{ kind: 'text', text, stable: true }] });

      const faults = await Promise.all(
        ['sim-500', 'sim-garbage', 'sim-disconnect', 'sim-401'].map((model) =>
          faultOf(connector({ model }).ask(request)),
        ),
      );

      const said = JSON.stringify(faults);
      assert.ok(!said.includes(text) && !said.includes(contractKey), said);
    },
  },
];

/** How a call ends before its time, and where it may go. */
export const endingCases: readonly SceneCase[] = [
  ...silenceCases,
  {
    title: 'stops at once when it is cancelled in the middle, at the provider’s side too',
    check: async ({ connector, calls }: ContractScene): Promise<void> => {
      const controller = new AbortController();
      const request = contractRequest({ signal: controller.signal });
      const fault = faultOf(connector({ model: 'sim-stall' }).ask(request));
      await until('the provider was asked', async () => (await calls()).length === 1);
      const start = performance.now();

      controller.abort();

      assertFields(await fault, { code: 'cancelled', disposition: 'never' });
      const took = performance.now() - start;
      assert.ok(took < cancelWithinMs, `it took ${Math.round(took)} ms`);
      await until('the provider saw it', async () => (await calls())[0]?.aborted === 1);
    },
  },
  {
    title: 'does not call at all when it is cancelled before',
    check: async ({ connector, calls }: ContractScene): Promise<void> => {
      const request = contractRequest({ signal: AbortSignal.abort() });

      assert.equal((await faultOf(connector().ask(request))).code, 'cancelled');
      assert.equal((await calls()).length, 0);
    },
  },
  {
    title: 'calls no host that is not allowed',
    check: async ({ connector, calls }: ContractScene): Promise<void> => {
      const closed = connector({ allowedHosts: () => false });

      const fault = await faultOf(closed.ask(contractRequest()));

      assertFields(fault, { code: 'host-not-allowed', disposition: 'never' });
      assert.equal((await calls()).length, 0);
    },
  },
  {
    title: 'answers calls at once that are made at the same time, each with its own reply',
    check: async ({ connector }: ContractScene): Promise<void> => {
      const models = ['sim-a', 'sim-b', 'sim-c', 'sim-d'];
      const shared = models.map((model) => connector({ model }));

      const replies = await Promise.all(shared.map((one) => one.ask(contractRequest())));

      replies.forEach(({ text }, index) => {
        assert.ok(text.includes(models[index] ?? ''), text);
      });
    },
  },
  {
    title: 'finds a provider healthy that answers, and failing one that does not',
    check: async ({ connector }: ContractScene): Promise<void> => {
      const nobody = connector({ baseUrl: 'http://127.0.0.1:9/v1' });

      assert.equal((await connector().probe(AbortSignal.timeout(2000))).status, 'ok');
      assert.equal((await nobody.probe(AbortSignal.timeout(2000))).status, 'failing');
    },
  },
];
