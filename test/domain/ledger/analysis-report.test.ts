import { describe, expect, test } from '@jest/globals';

import type { Decision } from '../../../domain/collaboration/decision.ts';
import { buildTranscript } from '../../../domain/ledger/transcript.ts';
import { transcriptMarkdown } from '../../../domain/ledger/transcript-markdown.ts';
import { sealedRecordSchema } from '../../../domain/ledger/record-schema.ts';
import { decisionOf } from '../../../domain/ledger/decision-reading.ts';
import { readRun } from '../../../domain/ledger/run-reading.ts';
import { verifyRecord } from '../../../domain/ledger/verification.ts';
import {
  abstained,
  answered,
  decomposed,
  notPlanned,
  part,
  partsEnding,
  synthesised,
  threeParts,
  unanswered,
} from '../../support/analyses.ts';
import type { Panel } from '../../support/drive.ts';
import { analysed, contentOf, sealed, type Wanted } from '../analysis/recorded-analysis.ts';
import { chained, noLongTexts, said, sha256 } from './sample-run.ts';

const disputed: Panel = (turn) =>
  turn.task === 'synthesis' ? synthesised(turn, [['p1', 'p2']]) : decomposed(turn, threeParts);

const lacking = partsEnding({ p1: notPlanned('p1'), p3: unanswered('p3', 'tie') });

function decision(wanted: Wanted = {}): Decision {
  return decisionOf(readRun(analysed(wanted).events, noLongTexts));
}

function markdown(wanted: Wanted = {}): string {
  const { events } = analysed(wanted);
  return transcriptMarkdown(buildTranscript({ events, resolve: noLongTexts }));
}

describe('the decision of an analysis', () => {
  test('is what the chair wrote, with what each part came to', () => {
    const { answer, parts, partial, contradictions, votes } = decision();

    expect({ answer, partial, contradictions, votes }).toEqual({
      answer: 'The whole answer.',
      partial: false,
      contradictions: [],
      votes: [],
    });
    expect(parts?.[2]).toEqual({
      part: 'p3',
      question: 'p3?',
      kind: 'security',
      pattern: 'debate',
      after: ['p1', 'p2'],
      collaboration: 'c_sample-p3',
      ending: 'answered',
      reason: null,
      answer: 'Answer of p3.',
      explanation: 'how p3 came about',
      record: 'record-of-p3',
      cost: {
        inputTokens: 200,
        cachedTokens: 0,
        outputTokens: 100,
        usd: 0.000_06,
        calls: 2,
        unknownCalls: 0,
      },
    });
  });

  test('costs what its chair and its parts cost', () => {
    expect(decision().cost).toEqual({
      inputTokens: 800,
      cachedTokens: 0,
      outputTokens: 400,
      usd: 0.000_24,
      calls: 8,
      unknownCalls: 0,
    });
  });

  test('counts the unknown calls of its parts', () => {
    const unknown = answered('p1', { microsUsd: null, unknownCalls: 2 });

    expect(decision({ parts: partsEnding({ p1: unknown }) }).cost).toMatchObject({
      usd: null,
      unknownCalls: 2,
    });
  });

  test('names contradictions', () => {
    expect(decision({ panel: disputed }).contradictions).toEqual([
      { parts: ['p1', 'p2'], about: 'cost' },
    ]);
  });

  test('is the answer of the only part that has one', () => {
    expect(decision({ parts: lacking })).toMatchObject({
      answer: 'Answer of p2.',
      partial: true,
      parts: [
        { part: 'p1', ending: 'refused', reason: 'budget', collaboration: null, answer: null },
        { part: 'p2', ending: 'answered' },
        { part: 'p3', ending: 'unanswered', reason: 'tie', answer: null },
      ],
    });
  });

  test('is the list of answers where nobody wrote them up', () => {
    const panel: Panel = (turn) =>
      turn.task === 'synthesis' ? abstained(turn) : decomposed(turn, threeParts);

    expect(decision({ panel }).answer).toBe(
      'p1: Answer of p1.\n\np2: Answer of p2.\n\np3: Answer of p3.',
    );
  });

  test('asks the whole question where it was not cut', () => {
    const { parts } = decision({ panel: (turn) => decomposed(turn, [part('p1')]) });

    expect(parts).toMatchObject([{ question: 'Shall we move?' }]);
  });

  test('has no parts where none were proposed', () => {
    expect(
      decision({ panel: (turn) => ({ type: 'turn.refused', ...turn, reason: 'budget' }) }),
    ).toMatchObject({ kind: 'no-decision', parts: [], partial: false });
  });

  test('leaves out parts of which nobody says how they ended, and is partial', () => {
    const { facts } = analysed({ parts: () => [] });
    const verdict = { kind: 'decided', answer: 'p1', reason: null, stoppedBy: 'parts' } as const;
    const decided = { ...verdict, rounds: 0, explanation: 'forged' };
    const events = chained(
      [...facts, { type: 'decision.reached' as const, verdict: decided }].map((fact) => ({
        fact,
        content: contentOf(fact),
      })),
    );

    expect(decisionOf(readRun(events, noLongTexts))).toMatchObject({ parts: [], partial: true });
  });

  test('asks the whole question where a part has no words', () => {
    const { facts } = analysed();
    const events = chained(
      facts.map((fact) => ({
        fact,
        content: fact.type === 'question.decomposed' ? said('') : contentOf(fact),
      })),
    );

    expect(decisionOf(readRun(events, noLongTexts)).parts?.[0]?.question).toBe('Shall we move?');
  });

  test('is read from the first end of a part', () => {
    const { facts } = analysed();
    const run = analysed({ interruptions: { [facts.length - 1]: unanswered('p1') } });

    expect(decisionOf(readRun(run.events, noLongTexts)).parts?.[0]?.answer).toBe('Answer of p1.');
  });
});

describe('the record of an analysis', () => {
  test.each([
    ['whole', {}],
    ['partial', { parts: lacking }],
    ['disputed', { panel: disputed }],
  ])('verifies against its own events alone where it is %s', (_how, wanted) => {
    const { record, events } = sealed(wanted);

    const findings = verifyRecord(
      { record, events },
      { sha256, keyIdOf: () => record.keyId, verifySignature: () => true },
    );

    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(sealedRecordSchema.safeParse(record).error).toBeUndefined();
  });

  test('does not verify with another answer of a part', () => {
    const { record, events } = sealed();
    const parts = record.decision.parts?.map((one) => ({ ...one, answer: 'Another.' })) ?? [];

    const findings = verifyRecord(
      { record: { ...record, decision: { ...record.decision, parts } }, events },
      { sha256, keyIdOf: () => record.keyId, verifySignature: () => true },
    );

    expect(findings.filter(({ ok }) => !ok).map(({ message }) => message)[0]).toContain(
      'decision.parts[0].answer',
    );
  });
});

describe('the transcript of an analysis', () => {
  test('tells of its parts as they begin and end', () => {
    const text = markdown({ parts: lacking });

    expect(text).toContain('*Part p1 begins with no limit of its own.*');
    expect(text).toContain(
      '*Part ended: p1 was not begun, for its share of the budget was too small; it counts 0 calls, 0 tokens and $0.00.*',
    );
    expect(text).toContain('> **p1 (security): p1?');
    expect(text).toContain('p3 (security, after p1, p2): p3?**');
  });

  test('closes with what each part came to', () => {
    const text = markdown({ parts: lacking });

    expect(text).toContain('(stopped by parts)');
    expect(text).toContain(
      '### Part p1, security, debate\n\n> p1?\n\n*No answer: refused, budget*',
    );
    expect(text).toContain(
      '### Part p2, security, debate: c_sample-p2\n\n> p2?\n\n> **Answer of p2.**',
    );
    expect(text).toContain('*No answer: unanswered, tie; how p3 came about*');
  });

  test('says which parts failed', () => {
    const failed = answered('p1', { ending: 'failed', record: null });

    expect(markdown({ parts: partsEnding({ p1: failed }) })).toContain(
      '*No answer: failed; how p1 came about*',
    );
  });

  test('names contradictions', () => {
    expect(markdown({ panel: disputed })).toContain('- Contradiction of p1 and p2: cost');
  });
});
