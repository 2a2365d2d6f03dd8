import { describe, expect, test } from '@jest/globals';

import type { Cost } from '../../../domain/collaboration/decision.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { gateFor } from '../../../domain/gate/gate-defaults.ts';
import { debateSentences } from '../../../domain/ledger/debate-sentences.ts';
import { buildTranscript } from '../../../domain/ledger/transcript.ts';
import { transcriptMarkdown } from '../../../domain/ledger/transcript-markdown.ts';
import { position as vote, type Panel } from '../../support/drive.ts';
import { driven, unanimous } from './driven-debate.ts';
import { chained, noLongTexts, plan, price } from './sample-run.ts';

const gate = gateFor(0.5);

describe('a debate in words', () => {
  function written(of: Plan, panel: Panel): string {
    const events = chained(driven(of, panel));
    return transcriptMarkdown(buildTranscript({ events, resolve: noLongTexts }));
  }

  test('a transcript tells what the gate saw and what the debate was worth', () => {
    const text = written(plan({ gate }), unanimous);

    expect(text).toContain(
      '*Gate: the blind vote is enough. "Postgres" leads: disagreement 0 of 1, margin 100 % of the weight, confidence 80 % (stated by 100 % of the leading side), 3 of 3 seats voted.*',
    );
    expect(text).toContain('- Blind vote alone: Postgres; the end is the same.');
    expect(text).toContain('- Nothing was debated.');
    expect(text).toContain('- Round 1 cost 450 tokens, 0.00009 USD in 3 calls.');
  });

  test.each([
    ['debate', '; nobody can be asked, so it goes on.'],
    ['done', '; nobody can be asked, so it ends.'],
  ] as const)(
    'a question for a person is told with what is done instead: %s',
    (askedWay, words) => {
      const silent: Panel = (turn) =>
        ({ ...vote(turn, 'o1'), confidence: null }) as ReturnType<Panel>;
      const text = written(plan({ gate: { ...gate, askedWay } }), silent);

      expect(text).toContain(
        'Gate: a person should look (it is unknown how sure the leading side is)',
      );
      expect(text).toContain(words);
      expect(text).toContain('confidence unknown (stated by 0 % of the leading side)');
    },
  );

  test('a vote in which nothing leads is told so', () => {
    const tied: Panel = (turn) => vote(turn, turn.seat === 's1' ? 'o1' : 'o2');
    const text = written(plan({ gate, seats: plan().seats.slice(0, 2) }), tied);

    expect(text).toContain(
      'Gate: a debate can pay (the protocol gives no decision, the votes are spread, the lead is small',
    );
    expect(text).toContain('nothing leads: disagreement 1 of 1, margin 0 % of the weight');
  });

  test('a vote in which everybody failed is told so', () => {
    const failing: Panel = (turn) => ({
      type: 'turn.abstained',
      ...turn,
      reason: 'empty',
      ...price,
    });

    expect(written(plan({ gate }), failing)).toContain(
      'nothing leads: disagreement unknown, margin 0 % of the weight, confidence unknown (stated by 0 % of the leading side), 0 of 3 seats voted',
    );
  });

  test('a report tells what is unknown, and what a chair cost', () => {
    const cost: Cost = {
      inputTokens: null,
      cachedTokens: null,
      outputTokens: null,
      usd: null,
      calls: 2,
      unknownCalls: 2,
    };
    const known: Cost = {
      inputTokens: 10,
      cachedTokens: 0,
      outputTokens: 5,
      usd: 0.1,
      calls: 1,
      unknownCalls: 0,
    };
    const control = { kind: 'no-decision', answer: null, reason: 'tie', explanation: '' } as const;

    const asked = {
      outcome: 'ask',
      reasons: ['confidence-unknown'],
      leading: 'Postgres',
      isDecided: true,
      disagreement: 0,
      margin: 1,
      confidence: null,
      stated: 0,
      voted: 3,
      seats: 3,
      joined: 0,
    } as const;

    expect(
      debateSentences({
        control,
        gate: null,
        changed: true,
        rounds: [{ round: 1, ...known }],
        chair: known,
        marginal: { ...cost, flips: 1 },
      }),
    ).toEqual([
      'Blind vote alone: no decision (tie); the end is another.',
      'The debate beyond it cost unknown tokens, unknown USD in 2 calls for 1 flip.',
      'Round 1 cost 15 tokens, 0.1 USD in 1 call.',
      'The chair cost 15 tokens, 0.1 USD in 1 call.',
    ]);
    expect(
      debateSentences({
        control,
        gate: { ...asked, way: 'debate' },
        changed: false,
        rounds: [],
        chair: { ...known, calls: 0 },
        marginal: { ...known, outputTokens: null, flips: 2 },
      }),
    ).toEqual([
      'Blind vote alone: no decision (tie); the end is the same.',
      'Gate: a person should look (it is unknown how sure the leading side is); nobody can be asked, so it goes on.',
      'The debate beyond it cost unknown tokens, 0.1 USD in 1 call for 2 flips.',
    ]);
  });
});
