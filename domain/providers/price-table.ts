import type { Price } from './agent.ts';
import type { ProviderName } from './model-connector.ts';
import { microsOf } from './price.ts';

/** Day on which the prices were read. */
const AS_OF = '2026-11-21';

/**
 * A row of the table: dollars per million tokens for input, cached input and output, at the standard tier and for
 * prompts of usual length; the last day on which it holds, where that is announced.
 */
interface Row {
  readonly provider: ProviderName;
  readonly model: string;
  readonly usd: readonly [input: number, cached: number, output: number];
  readonly until?: string;
}

/**
 * Published prices, from the providers' model pages and LiteLLM's notes on them. Writing a cache costs a quarter more
 * than plain input at Anthropic and OpenAI; that is not in here. Names that move (`…-latest`) have no row: what they
 * stand for tomorrow costs something else.
 */
const ROWS: readonly Row[] = [
  { provider: 'anthropic', model: 'claude-opus-5-5', usd: [4, 0.2, 20] },
  { provider: 'anthropic', model: 'claude-sonnet-5-5', usd: [2, 0.2, 10] },
  { provider: 'anthropic', model: 'claude-haiku-4-5', usd: [1, 0.1, 5] },
  { provider: 'openai', model: 'gpt-6.1-sol', usd: [2, 0.1, 10] },
  { provider: 'openai', model: 'gpt-6.1-terra', usd: [1, 0.05, 5] },
  { provider: 'google', model: 'gemini-3.8-flash', usd: [0.75, 0.075, 3.75], until: '2026-12-31' },
];

/**
 * Looks a model's price up.
 *
 * @param model - provider and exact name of the model
 * @param model.provider - who serves it; the same name elsewhere has another price
 * @param model.model - a name that does not move
 * @param day - ISO date for which the price is asked
 * @returns `null` where the table does not know it, or knows only that it has changed by then
 */
export function listedPrice(
  model: { readonly provider: string; readonly model: string },
  day: string,
): Price | null {
  const row = ROWS.find(
    (entry) => entry.provider === model.provider && entry.model === model.model,
  );
  if (row === undefined || (row.until !== undefined && day.slice(0, 10) > row.until)) return null;
  const [input, cached, output] = row.usd;
  return {
    inputMicrosUsdPerMillion: microsOf(input),
    cachedMicrosUsdPerMillion: microsOf(cached),
    outputMicrosUsdPerMillion: microsOf(output),
    asOf: AS_OF,
  };
}
