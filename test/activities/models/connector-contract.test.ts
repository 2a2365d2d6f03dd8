import { describe, expect, test } from '@jest/globals';

import { createConnector } from '../../../activities/models/connector.ts';
import type { ContractTraits } from '../../../activities/models/contract/scene.ts';
import { connectorCases } from '../../../activities/models/contract/suite.ts';
import type { ProviderName } from '../../../domain/providers/model-connector.ts';
import { agentAt, panelPaths } from '../../support/providers.ts';

const usual: ContractTraits = {
  streams: true,
  seesImages: true,
  takesSystem: true,
  knowsRefusal: true,
  countsCached: true,
  alwaysCounts: false,
};

const providers: readonly (readonly [ProviderName, ContractTraits])[] = [
  ['anthropic', { ...usual, alwaysCounts: true }],
  ['openai', usual],
  ['google', usual],
  ['mistral', usual],
  ['xai', usual],
  ['ollama', { ...usual, knowsRefusal: false, countsCached: false }],
  ['openai-compatible', usual],
];

/** What every model connector has to do, whatever provider it speaks to, over real HTTP. */
describe.each(providers)('the %s connector', (provider, traits) => {
  const cases = connectorCases({
    traits,
    root: panelPaths[provider],
    connector: ({ capabilities = { structuredOutput: true }, ...agent }, deps) =>
      createConnector(agentAt(agent.baseUrl, { provider, ...agent, capabilities }), deps),
  });

  test.each(cases)('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
