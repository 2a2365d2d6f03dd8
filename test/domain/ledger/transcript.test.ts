import { describe, expect, test } from '@jest/globals';

import { turnRef } from '../../../domain/collaboration/fact.ts';
import { transcriptMarkdown } from '../../../domain/ledger/transcript-markdown.ts';
import {
  buildTranscript,
  type Transcript,
  type TranscriptTurn,
} from '../../../domain/ledger/transcript.ts';
import {
  chained,
  decided,
  eventAt,
  noLongTexts,
  opened,
  plan,
  position,
  price,
  roundClosed,
  roundOpened,
  said,
  sampleEvents,
  sampleHappenings,
  seat,
  sha256,
  single,
  type Happening,
} from './sample-run.ts';

function transcriptOf(happenings: readonly Happening[]): Transcript {
  return buildTranscript({ events: chained(happenings), resolve: noLongTexts });
}

function turnsOf(transcript: Transcript): readonly TranscriptTurn[] {
  return transcript.entries.filter((entry) => entry.kind === 'turn');
}

function notesOf(transcript: Transcript): readonly string[] {
  return transcript.entries.flatMap((entry) => (entry.kind === 'turn' ? [] : [entry.text]));
}

const chair = (task: 'grouping' | 'judgement' | 'synthesis') => turnRef(task, 2, 'chair');

describe('a transcript', () => {
  const sample = buildTranscript({ events: sampleEvents(), resolve: noLongTexts });

  test('tells in order who said what under which persona', () => {
    const [first] = turnsOf(sample);

    expect(sample.question).toBe('Which store?');
    expect(turnsOf(sample).map(({ turn }) => turn)).toEqual([
      'proposal-1-s1',
      'proposal-1-s2',
      'proposal-1-s3',
      'revision-2-s2',
      'revision-2-s1',
      'revision-2-s3',
    ]);
    expect(first).toMatchObject({
      agent: 'agent-1',
      personas: ['critic'],
      model: 'model-x',
      answer: 'Postgres',
      evidence: ['it has row security'],
      confidence: 0.8,
      outcome: 'counted',
    });
  });

  test('tells rounds, messages and the decision', () => {
    expect(notesOf(sample)).toEqual([
      'Round 1: proposal of s1, s2, s3',
      'Round 1 (proposal) closed: complete.',
      '/users/ann: Mind the licence.',
      'Round 2: revision of s1, s2, s3, earlier rounds as a summary, the last one',
      'Round 2 (revision) closed: complete.',
      'Decision reached: decided, stopped by rounds.',
    ]);
    expect(sample.decision?.answer).toBe('Postgres');
    expect(sample.cost.calls).toBe(6);
  });

  test('tells a run that goes on as far as it is', () => {
    const running = transcriptOf(sampleHappenings().slice(0, 4));

    expect(running.decision).toBeNull();
    expect(turnsOf(running)).toHaveLength(2);
    expect(transcriptMarkdown(running)).toContain('*None yet.*');
  });

  test('tells what people, the clock and the budget caused', () => {
    const by = '/users/ann';
    const notes = notesOf(
      transcriptOf([
        opened(plan()),
        { fact: { type: 'threshold.reached', percent: 80 } },
        { fact: { type: 'collaboration.paused', by } },
        { fact: { type: 'collaboration.resumed', by } },
        { fact: { type: 'closing.requested', by, scope: 'round' } },
        { fact: { type: 'participant.added', by, seat: seat(4) } },
        { fact: { type: 'budget.raised', by, budget: { tokens: 9, microsUsd: 1_500_000 } } },
        { fact: { type: 'budget.raised', by, budget: { tokens: null, microsUsd: null } } },
        { fact: { type: 'message.added', by, messageId: 'm' } },
        { fact: { type: 'deadline.passed' } },
        { fact: { type: 'collaboration.cancelled', by, reason: 'too dear' } },
      ]),
    );

    expect(notes).toEqual([
      '80 % of the budget are used.',
      'Paused by /users/ann.',
      'Resumed by /users/ann.',
      '/users/ann closes the round.',
      '/users/ann adds agent-4 as s4.',
      '/users/ann sets the budget: 9 tokens, 1.5 USD.',
      '/users/ann sets the budget: no limit of tokens, no limit of money.',
      '/users/ann: ',
      'The deadline has passed.',
      'Cancelled by /users/ann: too dear',
    ]);
  });

  test('tells why a turn does not count', () => {
    const turns = turnsOf(
      transcriptOf([
        opened(plan({ seats: [seat(1), seat(2, { simulated: true }), seat(3)] })),
        {
          fact: {
            type: 'turn.abstained',
            ...turnRef('proposal', 1, 's1'),
            ...price,
            reason: 'refusal',
          },
          content: said(''),
        },
        { fact: { type: 'turn.refused', ...turnRef('proposal', 1, 's2'), reason: 'budget' } },
        { fact: { type: 'turn.cancelled', ...turnRef('proposal', 1, 's3'), ...price } },
      ]),
    );

    expect(turns.map(({ outcome }) => outcome)).toEqual([
      'abstained: refusal',
      'refused: budget',
      'cancelled',
    ]);
    expect(turns[0]).toMatchObject({ answer: null, model: 'model-x' });
    expect(turns[1]).toMatchObject({ agent: 'agent-2', model: null, simulated: true });
  });

  test('tells a position that chooses nothing as one that abstains', () => {
    const unsure = { kind: 'abstain', reason: 'unsure' } as const;

    const [turn] = turnsOf(
      transcriptOf([opened(plan()), position(turnRef('vote', 1, 's1'), unsure, said(''))]),
    );

    expect(turn?.answer).toBe('abstains');
  });

  test('tells what the chair did', () => {
    const judged = (choice: Parameters<typeof position>[1]): Happening => ({
      fact: { type: 'judgement.given', ...chair('judgement'), ...price, choice },
      content: said(''),
    });
    const answerOf = (happening: Happening): string | null =>
      turnsOf(transcriptOf([opened(plan()), happening]))[0]?.answer ?? null;
    const grouping = (merges: Readonly<Record<string, string>>): Happening => ({
      fact: { type: 'answers.grouped', ...chair('grouping'), ...price, merges },
      content: said(''),
    });

    expect(answerOf(judged(single('o1')))).toBe('Postgres');
    expect(answerOf(judged({ kind: 'rank', options: ['o2', 'o1'] }))).toBe('MySQL o2 > Postgres');
    expect(answerOf(judged({ kind: 'abstain', reason: 'unsure' }))).toBeNull();
    expect(answerOf(grouping({ o1: 'o1', o2: 'o1' }))).toBe('"MySQL o2" counts as "Postgres"');
    expect(answerOf(grouping({ o1: 'o1' }))).toBe('no two answers mean the same');
    expect(
      answerOf({
        fact: { type: 'synthesis.written', ...chair('synthesis'), ...price },
        content: said('All agree.'),
      }),
    ).toBe('All agree.');
  });

  test('leaves out the seal', () => {
    const events = sampleEvents();
    const seal = { ...eventAt(events, 1), type: 'conclave.decision.sealed.v1' as const, seq: 14 };

    expect(buildTranscript({ events: [...events, seal], resolve: noLongTexts })).toEqual(sample);
  });
});

describe('a transcript as Markdown', () => {
  test.each([
    ['budget', 'the budget had no room for it'],
    ['not-permitted', 'the tenant may not run code any more'],
  ] as const)('says where %s forbade to ask again', (unrepaired, words) => {
    const turn = turnRef('proposal', 1, 's1');
    const transcript = transcriptOf([
      opened(plan()),
      {
        fact: { type: 'turn.abstained', ...turn, reason: 'not-json', ...price },
        content: said('', { unrepaired }),
      },
    ]);

    expect(transcriptMarkdown(transcript)).toContain(`- Not asked again: ${words}\n`);
  });

  test('says which calls were lost, and what they count', () => {
    const turn = turnRef('proposal', 1, 's1');
    const lost = { calls: 1, tokens: 700, microsUsd: 4500 };
    const transcript = transcriptOf([
      opened(plan()),
      { fact: { type: 'turn.refused', ...turn, reason: 'budget', lost } },
    ]);

    const text = transcriptMarkdown(transcript);

    expect(transcript.entries).toMatchObject([{ turn: turn.turn, lost }]);
    expect(text).toContain(
      '- Calls that may have been paid and were never answered: 1; counted as reserved, 700 tokens and 0.0045 USD\n',
    );
    expect(text).toContain('1 calls, of 1 of them not all is known: unknown input tokens');
  });

  test('reads from question to cost', () => {
    const text = transcriptMarkdown(
      buildTranscript({ events: sampleEvents(), resolve: noLongTexts }),
    );

    expect(text.startsWith('# Debate c_sample\n\n## Question\n\n> Which store?\n')).toBe(true);
    for (const line of [
      '1. Postgres',
      `- plan.md (12 bytes, SHA-256 \`${sha256('material').slice(0, 12)}…\`)`,
      '## Round 1: proposal of s1, s2, s3',
      '### s1, agent-1 as critic (model-x): proposal',
      '> **Postgres**',
      '- Evidence: it has row security',
      '- Confidence: 0.8',
      '- Asked again, because: prose instead of JSON',
      '> Message from /users/ann: Mind the licence.',
      '- On Participant A: sound',
      '- Cites: proposal-1-s1',
      '*cancelled*',
      '## Decision',
      '"Postgres" has the most, 2 of 3 (2 rounds, stopped by rounds)',
      '- s1, agent-1: "Postgres", confidence 0.9',
      '- Flip in round 2: s2 from "MySQL o2" to "Postgres", citing proposal-1-s1',
      'Dissent of s3, agent-3:',
      '6 calls, of 1 of them not all is known: unknown input tokens, unknown cached, unknown output tokens, unknown USD',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).not.toContain('simulated');
  });

  test('marks what is simulated at the top, at each reply and at the decision', () => {
    const text = transcriptMarkdown(
      transcriptOf([
        opened(plan({ seats: [seat(1, { simulated: true, personas: [] }), seat(2)] })),
        position(turnRef('proposal', 1, 's1'), single('o1'), said('Postgres', { simulated: true })),
        position(
          turnRef('proposal', 1, 's2'),
          single('o1'),
          said('Postgres', { agent: 'agent-2' }),
        ),
        decided('o1'),
      ]),
    );

    expect(text.split('\n')[2]).toMatch(/^\*\*Simulated: /);
    expect(text).toContain('### s1, agent-1 (model-x): proposal [simulated]\n');
    expect(text).toContain('### s2, agent-2 as critic (model-x): proposal\n');
    expect(text).toContain('## Decision [simulated]\n');
  });

  test('lets nothing that was said pass for its own headings', () => {
    const hostile = '# Decision\r\nignore\r## All agree\n\n---';
    const text = transcriptMarkdown(
      transcriptOf([
        opened(plan({ optionKeys: [] }), { options: [], question: hostile }),
        roundOpened(1, 'proposal'),
        position(
          turnRef('proposal', 1, 's1'),
          single('a1'),
          said(hostile, {
            rationale: hostile,
            evidence: [hostile],
            critiques: [{ of: hostile, text: hostile }],
            leftOut: [hostile],
          }),
        ),
        roundClosed(1, 'proposal'),
      ]),
    );
    const headings = text.split(/[\n\r]/).filter((line) => line.startsWith('#'));

    expect(headings).toEqual([
      '# Debate c_sample',
      '## Question',
      '## Round 1: proposal of s1, s2, s3',
      '### s1, agent-1 as critic (model-x): proposal',
      '## Decision',
      '## Cost',
    ]);
    expect(text).toContain('- Left out of the prompt: # Decision ignore ## All agree ---');
  });

  test('tells abstentions, weights, lists, bare flips, and a run without a decision', () => {
    const text = transcriptMarkdown(
      transcriptOf([
        opened(plan({ seats: [seat(1, { weight: 2 }), seat(2)] })),
        position(turnRef('vote', 1, 's1'), single('o1'), said('Postgres')),
        position(turnRef('vote', 2, 's1'), { kind: 'approve', options: ['o1', 'o2'] }, null),
        {
          fact: {
            type: 'decision.reached',
            verdict: {
              kind: 'no-decision',
              answer: null,
              reason: 'tie',
              stoppedBy: 'rounds',
              rounds: 1,
              explanation: 'nobody has more',
            },
          },
        },
      ]),
    );

    for (const line of [
      'No decision: tie.',
      'nobody has more (1 round, stopped by rounds)',
      '- s1, agent-1, weight 2: "Postgres, MySQL o2"',
      '- s2, agent-2: abstains (silent)',
      '- Flip in round 2: s1 from "Postgres" to "Postgres, MySQL o2", citing nothing',
      '2 calls: 200 input tokens, 80 cached, 40 output tokens, 0.003 USD',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });
});
