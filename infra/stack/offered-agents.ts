import type { Agent } from '../../domain/providers/agent.ts';
import { listedPrice } from '../../domain/providers/price-table.ts';
import type { AvailableProvider, KnownProvider } from '../available-providers.ts';
import type { Config } from '../config.ts';
import { createDatabase } from '../database/connection.ts';
import { localTenantId } from '../database/local-tenant.ts';
import { simulatedAgents } from '../simulated/agents.ts';
import { createAgentStore } from '../stores/agent-store.ts';
import type { AgentStore } from '../stores/agent-store.ts';

const OLLAMA_ANSWERS_WITHIN_MS = 2_000;
const PERSONAS = ['architect', 'critic', 'pragmatist', 'security'] as const;

type Seat = Pick<Agent, 'name' | 'provider' | 'model' | 'baseUrl' | 'apiKeyEnv'>;

/** The name under which each provider is offered, and the model: a capable one that is not the dearest. */
const OFFERS: Readonly<Record<Exclude<KnownProvider, 'ollama'>, { name: string; model: string }>> =
  {
    anthropic: { name: 'claude', model: 'claude-sonnet-5-5' },
    openai: { name: 'gpt', model: 'gpt-6.1-terra' },
    google: { name: 'gemini', model: 'gemini-3.8-flash' },
    mistral: { name: 'mistral', model: 'mistral-large-latest' },
    xai: { name: 'grok', model: 'grok-latest' },
  };

/**
 * Gives the agents that a stack offers for the keys in its environment: one per provider, each with
 * another persona; three of a provider that is alone, since a debate takes two. Their price is the listed
 * one; where none is listed it is unknown until somebody registers it.
 *
 * @param providers - Whose keys are there.
 * @param ollama - Where Ollama answers and with which model; undefined when it does not.
 * @param day - ISO date of the start, for which prices are looked up.
 */
export function keyedAgents(
  providers: readonly AvailableProvider[],
  ollama: { readonly baseUrl: string; readonly model: string } | undefined,
  day: string,
): Agent[] {
  const offers = providers.flatMap(({ provider, variable }): Seat[] => {
    if (provider !== 'ollama') {
      return [{ ...OFFERS[provider], provider, baseUrl: null, apiKeyEnv: variable }];
    }
    return ollama === undefined ? [] : [{ name: provider, provider, ...ollama, apiKeyEnv: null }];
  });
  const [only] = offers;
  const seats =
    only === undefined || offers.length > 1
      ? offers
      : PERSONAS.slice(0, 3).map((persona, index) => ({
          ...only,
          name: index === 0 ? only.name : `${only.name}-${persona}`,
        }));
  return seats.map((seat, index) => ({
    ...seat,
    personas: [PERSONAS[index % PERSONAS.length] ?? PERSONAS[0]],
    price: listedPrice(seat, day),
    limits: {},
    fallback: null,
    capabilities: {},
    simulated: false,
  }));
}

/**
 * Registers what this start offers with the local tenant. Agents of a provider are registered once and
 * then are the tenant's: changed ones stay changed, removed ones stay removed. Simulated agents come
 * and go with their panel.
 *
 * @param options - What the stack has.
 * @param options.config - Its settings; they know the keys.
 * @param options.databaseUrl - URL of the application's role.
 * @param options.simulatedAddress - URL of the panel; undefined when there is none.
 * @param options.note - Told when a provider is there but cannot be offered.
 */
export async function offerAgents(options: {
  config: Config;
  databaseUrl: string;
  simulatedAddress: string | undefined;
  note: (line: string) => void;
}): Promise<void> {
  const { config, simulatedAddress } = options;
  const host = config.ollamaHost;
  const ollama = host === undefined || host === '' ? undefined : await askOllama(host);
  if (host !== undefined && host !== '' && ollama === undefined) {
    options.note('OLLAMA_HOST is set, but no Ollama with a model answers there; not offered');
  }
  const database = createDatabase({
    url: options.databaseUrl,
    connectionsMax: 1,
    applicationName: 'conclave-stack',
  });
  try {
    const store = createAgentStore({ database });
    await store.seed(
      localTenantId,
      keyedAgents(config.providers, ollama, new Date().toISOString()),
    );
    await exchangeSimulated(store, simulatedAddress);
  } finally {
    await database.close();
  }
}

async function exchangeSimulated(store: AgentStore, address: string | undefined): Promise<void> {
  const panel = address === undefined ? [] : simulatedAgents(address);
  const kept = new Set(panel.map(({ name }) => name));
  for (const agent of await store.list(localTenantId)) {
    if (agent.simulated && !kept.has(agent.name)) await store.remove(localTenantId, agent.name);
  }
  for (const agent of panel) await store.put(localTenantId, agent);
}

async function askOllama(host: string): Promise<{ baseUrl: string; model: string } | undefined> {
  const address = /^https?:\/\//.test(host) ? host : `http://${host}`;
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.port === '' && url.protocol === 'http:') url.port = '11434';
  try {
    const signal = AbortSignal.timeout(OLLAMA_ANSWERS_WITHIN_MS);
    const response = await fetch(new URL('/api/tags', url), { signal });
    const { models } = (await response.json()) as { models?: { name?: string }[] };
    const model = models?.[0]?.name;
    return model === undefined ? undefined : { baseUrl: new URL('/api', url).href, model };
  } catch {
    return undefined;
  }
}
