import type { Agent } from '../../domain/providers/agent.ts';
import type { Capabilities, ModelRequest } from '../../domain/providers/model-connector.ts';
import { localFault, ProviderFaultError } from './fault.ts';

/** Merges what an agent declares with what its provider usually can. */
export function capabilitiesOf(
  agent: Pick<Agent, 'capabilities'>,
  usual: Capabilities,
): Capabilities {
  const { vision, structuredOutput } = agent.capabilities;
  return {
    ...usual,
    ...(vision === undefined ? {} : { vision }),
    ...(structuredOutput === undefined ? {} : { structuredOutput }),
  };
}

/**
 * Reads the key of an agent; `null` where it names no variable.
 *
 * @throws `ProviderFaultError` with `key-missing` when the variable is not set
 */
export function keyOf(
  agent: Pick<Agent, 'apiKeyEnv' | 'name'>,
  { secret }: { secret: (name: string) => string | undefined },
): string | null {
  if (agent.apiKeyEnv === null) return null;
  const key = secret(agent.apiKeyEnv);
  if (key !== undefined && key !== '') return key;
  throw new ProviderFaultError(
    localFault('key-missing', `${agent.apiKeyEnv}: not set; agent ${agent.name} needs it`),
  );
}

/**
 * Says where an agent's provider is.
 *
 * @param agent - may name an address of its own
 * @param usual - the provider's, where it has one
 * @throws `ProviderFaultError` with `bad-request` when there is none
 */
export function baseUrlOf(agent: Agent, usual: string | null): string {
  const baseUrl = agent.baseUrl ?? usual;
  if (baseUrl !== null && URL.canParse(baseUrl)) return baseUrl;
  throw new ProviderFaultError(
    localFault('bad-request', `baseUrl of agent ${agent.name}: expected an http or https URL`),
  );
}

/**
 * Refuses images for an agent that takes none.
 *
 * @throws `ProviderFaultError` with `bad-request`
 */
export function refuseVision(request: ModelRequest, { vision }: Capabilities, agent: string): void {
  if (vision || request.parts.every((part) => part.kind !== 'image')) return;
  throw new ProviderFaultError(
    localFault(
      'bad-request',
      `agent ${agent} takes no images; its capability "vision" is not declared`,
    ),
  );
}
