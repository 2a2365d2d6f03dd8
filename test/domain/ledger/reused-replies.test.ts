import { expect, test } from '@jest/globals';

import { trialsOf } from '../../../domain/calibration/resolution.ts';
import { turnRef } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { buildDecision } from '../../../domain/ledger/record.ts';
import { readRun } from '../../../domain/ledger/run-reading.ts';
import { transcriptMarkdown } from '../../../domain/ledger/transcript-markdown.ts';
import { buildTranscript } from '../../../domain/ledger/transcript.ts';
import {
  chained,
  decided,
  noLongTexts,
  opened,
  plan,
  position,
  roundClosed,
  roundOpened,
  said,
  seat,
  single,
  type Happening,
} from './sample-run.ts';

const model = { provider: 'openai', model: 'model-x' };
const free = { usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0 }, microsUsd: 0 };

function written(round: number, answer: string): Happening {
  const turn = turnRef('synthesis', round, 'chair');
  return { fact: { type: 'synthesis.written', ...turn, ...free }, content: said(answer) };
}

function reused({ fact, content }: Happening, seq: number): Happening {
  return { fact: { ...fact, ...free, reused: seq } as Happening['fact'], content };
}

/** A fork that took one reply over, and got another. */
function events(more: Partial<Plan> = {}): ReturnType<typeof chained> {
  const seats = [1, 2].map((number) => seat(number, { model }));
  const origin = { collaborationId: 'c_origin', seq: 4, hash: 'ab', events: 3 };
  const vote = (number: number): Happening =>
    position(
      turnRef('proposal', 1, `s${number}`),
      single('o1'),
      said('Postgres', { agent: `agent-${number}` }),
    );
  return chained([
    opened(plan({ seats, origin, ...more })),
    roundOpened(1, 'proposal'),
    reused(vote(1), 4),
    vote(2),
    roundClosed(1, 'proposal'),
    written(1, 'What stood after the first round.'),
    written(2, 'What stands in the end.'),
    decided('o1'),
  ]);
}

const source = { events: events(), resolve: noLongTexts };

test('a decision counts replies that were reused beside its calls', () => {
  expect(buildDecision(source).cost).toMatchObject({ calls: 3, reused: 1, inputTokens: 100 });
});

test('of two texts the later one is the answer', () => {
  expect(buildDecision(source).answer).toBe('What stands in the end.');
});

test('a reused reply is no trial of its model: it is one of its origin', () => {
  const run = readRun(source.events, noLongTexts);

  expect(trialsOf(run, 'o1').map((trial) => trial.seat)).toEqual(['s2']);
});

test('a transcript says where the run and its replies come from', () => {
  const text = transcriptMarkdown(buildTranscript(source));

  expect(text).toContain(
    '*A fork of c_origin after its event 4; the first 3 events are taken over.*',
  );
  expect(text.match(/Reused: event \d+ of the origin/g)).toEqual(['Reused: event 4 of the origin']);
  expect(text).toContain('3 calls: 100 input tokens');
  expect(text).toContain('; reused 1 of the replies that the origin paid');
});
