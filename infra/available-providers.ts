/** Where the key of each known provider stands, in order of preference. */
const PROVIDER_VARIABLES = {
  anthropic: ['ANTHROPIC_API_KEY'],
  openai: ['OPENAI_API_KEY'],
  google: ['GOOGLE_GENERATIVE_AI_API_KEY', 'GEMINI_API_KEY'],
  mistral: ['MISTRAL_API_KEY'],
  xai: ['XAI_API_KEY'],
  ollama: ['OLLAMA_HOST'],
} as const;

/** A provider that is offered as soon as its variable is in the environment. */
export type KnownProvider = keyof typeof PROVIDER_VARIABLES;

/** A provider that can be used, and the variable that says so. */
export interface AvailableProvider {
  readonly provider: KnownProvider;
  /** Name of the variable; its value comes from `Config.secretNamed`. */
  readonly variable: string;
}

/**
 * Finds the providers that can be used.
 *
 * @param isSet - whether a variable is in the environment
 * @returns in a fixed order
 */
export function availableProviders(isSet: (variable: string) => boolean): AvailableProvider[] {
  return Object.entries(PROVIDER_VARIABLES).flatMap(([provider, variables]) => {
    const variable = variables.find(isSet);
    return variable === undefined ? [] : [{ provider: provider as KnownProvider, variable }];
  });
}
