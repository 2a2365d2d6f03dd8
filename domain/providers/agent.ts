import type { CommandSettings } from '../commands/command-settings.ts';

/** Price of a model in micro-dollars per million tokens (1 USD per million tokens = 1,000,000). */
export interface Price {
  readonly inputMicrosUsdPerMillion: number;
  readonly cachedMicrosUsdPerMillion: number;
  readonly outputMicrosUsdPerMillion: number;
  /** ISO date on which the price was read. */
  readonly asOf: string;
}

/** Limits of one provider account; every worker together keeps them. Absent means unlimited. */
export interface AgentLimits {
  readonly requestsPerMinute?: number;
  readonly concurrent?: number;
}

/** A registered AI, as stored and as shown; the key itself is never here, only the variable's name. */
export interface Agent {
  readonly name: string;
  /** A `ProviderName`, or the name of an adapter. */
  readonly provider: string;
  readonly model: string;
  readonly baseUrl: string | null;
  readonly apiKeyEnv: string | null;
  readonly personas: readonly string[];
  readonly price: Price | null;
  readonly limits: AgentLimits;
  /** Name of another agent of the same tenant to ask when this one cannot be reached; used only where the caller allows it. */
  readonly fallback: string | null;
  readonly capabilities: { readonly vision?: boolean; readonly structuredOutput?: boolean };
  readonly simulated: boolean;
  /** How its program is asked; absent for everything that is reached by HTTP. Its provider is `command` then. */
  readonly command?: CommandSettings;
}

/**
 * Names the account whose limits, breaker and status a call shares.
 *
 * @param tenantId - whose agent it is
 * @param agent - whom it calls
 * @returns a key equal for agents that use one provider, host and key variable, of any tenant; for programs, whose paths mean
 *   what their grants show there, of this tenant and path alone
 */
export function accountOf(
  tenantId: string,
  agent: Pick<Agent, 'provider' | 'baseUrl' | 'apiKeyEnv' | 'command'>,
): string {
  const program = agent.command === undefined ? '' : `|${tenantId}|${agent.command.path}`;
  return `${agent.provider}|${agent.baseUrl ?? ''}|${agent.apiKeyEnv ?? ''}${program}`;
}
