import { createConnector } from '../../activities/models/connector.ts';
import type { Setting, Tried } from '../../domain/evaluation/evaluation.ts';
import { knownOptions, knownQuestion } from '../../domain/evaluation/known-question.ts';
import { rosterOf } from '../../domain/evaluation/roster.ts';
import { unmoved, type Scenario } from '../../domain/evaluation/scenario.ts';
import { strategies } from '../../domain/evaluation/strategies.ts';
import { planOf, type Strategy } from '../../domain/evaluation/strategy.ts';
import type { ModelConnector } from '../../domain/providers/model-connector.ts';
import { runOnModel } from './model-panel.ts';

/** A panel of one real model, and how much it is asked. */
export interface ModelJob {
  /** Of an OpenAI-compatible server that asks for no key. */
  readonly baseUrl: string;
  readonly model: string;
  /** Seats of a panel, each with another persona. */
  readonly seats: number;
  readonly questions: number;
  readonly seed: number;
}

/** Strategies that are worth the time of a real model. */
const asked: readonly string[] = [
  'default vote',
  'default debate',
  'one agent, any',
  'vote, plurality',
  'debate, 2 rounds',
];

/** Keeps a reply short, so that a small model comes to its end. */
const maxOutputTokens = 400;
const timeouts = { totalMs: 300_000, chunkMs: 120_000 };

/** What the panel is, for a person. */
export function settingOf({ model, seats }: ModelJob): Setting {
  return {
    name: 'real',
    about: `${String(seats)} seats of ${model} on sums, products, comparisons and sequences`,
    options: knownOptions,
    attraction: 0,
    members: [],
  };
}

/**
 * Runs a few strategies over the same generated questions, with a real model on every seat.
 *
 * @param job - which model, and how much
 * @param tell - is told after every question what has been run so far
 */
export async function tryOnModel(
  job: ModelJob,
  tell: (tried: readonly Tried[]) => void,
): Promise<readonly Tried[]> {
  const chosen = strategies.filter(({ name }) => asked.includes(name));
  const tried = chosen.map(({ name, kind }) => ({
    strategy: { name, kind },
    runs: [] as Tried['runs'][number][],
  }));
  const connector = connectorOf(job);
  for (let number = 0; number < job.questions; number += 1) {
    const known = knownQuestion(job.seed, number);
    const roster = rosterOf(scenarioOf(job), number);
    for (const [index, strategy] of chosen.entries()) {
      const run = await runOnModel(planOf(short(strategy), roster), known, connector);
      tried[index]?.runs.push(run);
    }
    tell(tried);
  }
  return tried;
}

function short(strategy: Strategy): Strategy {
  return {
    ...strategy,
    request: (roster) => ({ ...strategy.request(roster), maxOutputTokens }),
  };
}

/** The planner asks who the members are, not how good. */
function scenarioOf(job: ModelJob): Scenario {
  const member = {
    model: job.model,
    accuracy: 0.5,
    record: 0.5,
    confidence: 'calibrated',
    fault: null,
  } as const;
  return {
    ...settingOf(job),
    members: Array.from({ length: job.seats }, () => member),
    correlation: 0,
    insight: 0,
    evenness: 1,
    reactions: unmoved,
    trials: 0,
    replyTokens: maxOutputTokens,
  };
}

function connectorOf({ baseUrl, model }: ModelJob): ModelConnector {
  const agent = {
    name: 'real',
    provider: 'openai-compatible',
    model,
    baseUrl,
    apiKeyEnv: null,
    personas: [],
    price: null,
    limits: {},
    fallback: null,
    capabilities: { structuredOutput: true },
    simulated: false,
  } as const;
  const host = new URL(baseUrl).host;
  return createConnector(agent, {
    secret: () => undefined,
    allowedHosts: (url) => url.host === host,
    timeouts,
  });
}
