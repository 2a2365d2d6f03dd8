import type { Plan } from '../collaboration/plan.ts';
import { bytesOfTokens, estimateTokens } from '../prompts/token-estimate.ts';

/** The texts of a request that are in every prompt. */
export interface PromptTexts {
  readonly question: string;
  readonly options?: readonly string[];
  /** Custom personas, name to instructions. */
  readonly personas?: Readonly<Record<string, string>>;
}

/** Instructions, rules and schema of a prompt, tokens: what it holds beside the request's texts and materials. */
const rulesTokens = 400;

/** Estimates the tokens of a text whose size alone is known. */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / bytesOfTokens(1));
}

/** Estimates a first-round prompt without materials, tokens; every seat counts as if it had the longest persona. */
export function promptTokensOf({ question, options = [], personas = {} }: PromptTexts): number {
  const longestPersona = Math.max(0, ...Object.values(personas).map(estimateTokens));
  return rulesTokens + estimateTokens([question, ...options].join('\n')) + longestPersona;
}

/**
 * Says how much of its materials a plan leaves room for in each prompt.
 *
 * @param plan - the run
 * @param texts - the texts of the request that the plan was made from
 * @returns tokens, 0 where the budget has no room or there are none
 */
export function materialRoomOf(plan: Pick<Plan, 'promptTokens'>, texts: PromptTexts): number {
  return Math.max(0, plan.promptTokens - promptTokensOf(texts));
}
