import { describe, expect, test } from '@jest/globals';

import { ProviderFaultError } from '../../../activities/models/fault.ts';
import { runOnModel } from '../../../bench/evaluation/model-panel.ts';
import { knownQuestion } from '../../../domain/evaluation/known-question.ts';
import { rosterOf } from '../../../domain/evaluation/roster.ts';
import { strategies } from '../../../domain/evaluation/strategies.ts';
import { planOf } from '../../../domain/evaluation/strategy.ts';
import type {
  ModelConnector,
  ModelReply,
  ProviderFault,
} from '../../../domain/providers/model-connector.ts';
import { scenarioWith } from '../../domain/evaluation/panels.ts';

const known = knownQuestion(1, 0);
const right = String(known.options[Number(known.truth.slice(1)) - 1]);

/** A model that names the same answer whoever asks, for 100 tokens a call. */
function connectorOf(answer: () => ModelReply): ModelConnector {
  return {
    provider: 'openai-compatible',
    model: 'm',
    capabilities: {
      structuredOutput: true,
      vision: false,
      streaming: true,
      systemPrompt: true,
      promptCaching: false,
    },
    simulated: false,
    ask: () => Promise.resolve().then(answer),
    probe: () => Promise.reject(new Error('nobody probes')),
  };
}

function replying(answer: string): ModelConnector {
  const said = { answer, ranking: [answer], rationale: 'because', evidence: [], confidence: 0.9 };
  return connectorOf(() => ({
    text: JSON.stringify({ ...said, critiques: [], citing: 'none', abstain: false }),
    usage: { inputTokens: 60, cachedTokens: 0, outputTokens: 40 },
    model: 'm',
    finish: 'stop',
  }));
}

function planNamed(name: string) {
  const [strategy] = strategies.filter((one) => one.name === name);
  if (strategy === undefined) throw new Error(`no strategy ${name}`);
  return planOf(strategy, rosterOf(scenarioWith(), 0));
}

describe('a run on a model', () => {
  test.each(['default vote', 'default debate', 'vote, plurality', 'debate, 2 rounds'])(
    'of "%s" is right where its seats are',
    async (name) => {
      const run = await runOnModel(planNamed(name), known, replying(right));

      expect(run).toMatchObject({ outcome: 'right', isLure: false });
      expect(run.tokens).toBeGreaterThanOrEqual(300);
    },
  );

  test('is wrong where its seats are', async () => {
    const wrong = String(known.options.find((option) => option !== right));

    const run = await runOnModel(planNamed('vote, plurality'), known, replying(wrong));

    expect(run).toEqual({ outcome: 'wrong', isLure: false, tokens: 300, confidence: 0.9 });
  });

  test('comes to nothing where the replies are no use, each asked for twice', async () => {
    const run = await runOnModel(planNamed('vote, plurality'), known, replying('no option'));

    expect(run).toEqual({ outcome: 'none', isLure: false, tokens: 600, confidence: null });
  });

  test('counts a call that fails as an abstention, and a bug as a bug', async () => {
    const failing = connectorOf(() => {
      throw failure('overloaded');
    });
    const broken = connectorOf(() => {
      throw new TypeError('a bug');
    });

    const run = await runOnModel(planNamed('vote, plurality'), known, failing);

    expect(run).toEqual({ outcome: 'none', isLure: false, tokens: 0, confidence: null });
    await expect(runOnModel(planNamed('vote, plurality'), known, broken)).rejects.toThrow('a bug');
  });

  test('ends where no model can be reached, instead of telling how good it is', async () => {
    const away = connectorOf(() => {
      throw failure('unreachable');
    });

    const run = runOnModel(planNamed('vote, plurality'), known, away);

    await expect(run).rejects.toThrow('gone');
  });
});

function failure(code: ProviderFault['code']): ProviderFaultError {
  return new ProviderFaultError({
    code,
    message: 'gone',
    disposition: 'retry-now',
    retryAfterMs: null,
    status: null,
  });
}
