/** The contract that an adapter is held to, for its author's own tests (`docs/guides/own-adapters.md`). */
import assert from 'node:assert/strict';

import type { Adapter } from '../../domain/providers/adapter.ts';
import { readAdapter } from '../../domain/providers/adapter-reading.ts';
import type { WireFormat } from '../../infra/simulated/wire.ts';
import { createAdapterConnector } from './adapter-connector.ts';
import type { ContractSubject } from './contract/scene.ts';
import { connectorCases, type ContractCase } from './contract/suite.ts';

export type { ContractCase } from './contract/suite.ts';
export { createPanelServer } from '../../infra/simulated/panel-server.ts';
export type {
  SimulatedCall,
  SimulatedReply,
  SimulatedUsage,
  WireFormat,
} from '../../infra/simulated/wire.ts';

/** What an author hands to the suite. */
export interface AdapterUnderTest {
  readonly adapter: Adapter;
  /** Its wire format from the provider's side: what the simulated provider of the suite speaks. */
  readonly wire: WireFormat;
  /** Whether the wire format has a word for a refusal; true by default. */
  readonly knowsRefusal?: boolean;
  /** Whether it says how many tokens were cached; true by default. */
  readonly countsCached?: boolean;
}

/** Path under which the suite's provider answers every `POST`. */
const root = '/adapter';

/**
 * Gives the cases of the contract for an adapter: the ones that the connectors of this project pass, and that a worker
 * would load it.
 *
 * @param tested - the adapter, and its wire format from the other side
 */
export function adapterCases(tested: AdapterUnderTest): readonly ContractCase[] {
  const { adapter, wire } = tested;
  const loads: ContractCase = {
    title: 'is an adapter that a worker would load',
    // eslint-disable-next-line @typescript-eslint/require-await -- a case rejects, it does not throw
    run: async () => {
      const reading = readAdapter({ adapter });
      assert.ok(reading.ok, reading.ok ? '' : JSON.stringify(reading.faults));
    },
  };
  const { streaming, vision, systemPrompt } = adapter.capabilities;
  const subject: ContractSubject = {
    traits: {
      streams: streaming,
      seesImages: vision,
      takesSystem: systemPrompt,
      knowsRefusal: tested.knowsRefusal ?? true,
      countsCached: tested.countsCached ?? true,
      alwaysCounts: false,
    },
    root,
    formats: [{ root, format: wire }],
    connector: (agent, deps) =>
      createAdapterConnector(
        {
          name: 'tested',
          provider: adapter.name,
          personas: [],
          price: null,
          limits: {},
          fallback: null,
          simulated: true,
          capabilities: {},
          ...agent,
        },
        adapter,
        deps,
      ),
  };
  return [loads, ...connectorCases(subject)];
}
