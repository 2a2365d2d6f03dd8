import { describe, expect, test } from '@jest/globals';

import { chairBriefOf } from '../../../domain/analysis/chair-brief.ts';
import { briefOfPart } from '../../../domain/analysis/part-plan.ts';
import {
  caseFileOf,
  horizonOf,
  type CaseFile,
  type FiledEvent,
} from '../../../domain/collaboration/case-file.ts';
import { turnRef, type Fact } from '../../../domain/collaboration/fact.ts';
import { readRun } from '../../../domain/ledger/run-reading.ts';
import { machines } from '../../../domain/machines.ts';
import { buildPrompt } from '../../../domain/prompts/build-prompt.ts';
import { notPlanned, part, partsEnding } from '../../support/analyses.ts';
import { drive } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';
import { people } from '../approvals/people.ts';
import { noLongTexts } from '../ledger/sample-run.ts';
import { material, ownText, textOf } from '../prompts/material.ts';
import { analysed, contentOf, type Wanted } from './recorded-analysis.ts';

function filed(facts: readonly Fact[]): FiledEvent[] {
  return facts.map((fact, index) => ({ seq: index + 1, fact, content: contentOf(fact) }));
}

function fileFor(task: 'decomposition' | 'synthesis', wanted: Wanted = {}): CaseFile {
  const events = filed(analysed(wanted).facts);
  const horizon = horizonOf(events, turnRef(task, 1, 'chair'));
  return caseFileOf(events.slice(0, horizon), machines);
}

const lacking: Wanted = { parts: partsEnding({ p2: notPlanned('p2') }) };

describe('what the chair of an analysis knows', () => {
  test('is the question alone before it is cut', () => {
    expect(fileFor('decomposition').parts).toEqual([]);
  });

  test('is what people replied before it is cut', () => {
    const skip: Fact = {
      type: 'approval.answered',
      approval: 'question-1',
      by: 'ann',
      answer: 'skip',
      choice: null,
      remember: false,
    };
    const { facts } = analysed({
      plan: { people: people({ points: ['start'], questions: 1 }) },
      interruptions: { 2: skip },
    });

    expect(horizonOf(filed(facts), turnRef('decomposition', 1, 'chair'))).toBe(3);
  });

  test('is what all parts came to before the answer is written', () => {
    expect(fileFor('synthesis', lacking).parts).toMatchObject([
      { part: 'p1', question: 'p1?', answer: 'Answer of p1.' },
      { part: 'p2', answer: null, explanation: '', collaboration: null },
      { part: 'p3', answer: 'Answer of p3.' },
    ]);
  });
});

describe('chairBriefOf', () => {
  test('holds the chair to the plan, and to the parts that answered', () => {
    expect(chairBriefOf(fileFor('synthesis', lacking))).toMatchObject({
      material: {
        analysis: {
          parts: [{ part: 'p1' }, { outcome: expect.stringContaining('p2 was not begun') }, {}],
          answerTokensMax: 500,
        },
      },
      context: { cutting: { partsMax: 4 }, parts: ['p1', 'p3'] },
    });
  });

  test('tells of parts that have not ended nothing but their questions', () => {
    const events = filed(analysed({ parts: () => [] }).facts);

    expect(chairBriefOf(caseFileOf(events, machines)).material.analysis?.parts[0]).toEqual({
      part: 'p1',
      question: 'p1?',
      outcome: '',
      answer: null,
      explanation: '',
    });
  });

  test('gives nothing to the chair of a debate', () => {
    const { facts } = drive(machines.debate, planWith(), () => null);
    const events = facts.map((fact, index) => ({
      seq: index + 1,
      fact,
      content: { options: ['yes', 'no'] },
    }));

    expect(chairBriefOf(caseFileOf(events, machines))).toEqual({ material: {}, context: {} });
  });
});

describe('the prompt of the chair', () => {
  const chairs = {
    passes: [],
    options: [],
    own: { ...material().own, seat: 'chair', persona: '' },
  };

  function promptFor(task: 'decomposition' | 'synthesis', wanted: Wanted = {}) {
    return buildPrompt(task, {
      ...material(chairs),
      ...chairBriefOf(fileFor(task, wanted)).material,
    });
  }

  test('asks for parts', () => {
    const prompt = promptFor('decomposition');

    expect(textOf(prompt)).toContain('You chair the analysis of a question that is too large');
    expect(ownText(prompt)).toContain('Cut the question into parts');
  });

  test('quotes what the parts answered, and says what is missing', () => {
    const own = ownText(promptFor('synthesis', lacking));

    expect(own).toContain(
      'Part p1 asked:\n> p1?\nPart p1 answered:\n> Answer of p1.\nHow part p1 came about:\n> how p1 came about',
    );
    expect(own).toContain('Part p2 asked:\n> p2?\nIt has no answer: p2 was not begun');
    expect(own).toContain('Name in "contradictions"');
  });

  test('cuts answers that are too long, and says so', () => {
    const { analysis } = chairBriefOf(fileFor('synthesis')).material;
    const prompt = buildPrompt('synthesis', {
      ...material(chairs),
      analysis: { parts: analysis?.parts ?? [], answerTokensMax: 2 },
    });

    expect(ownText(prompt)).toContain('Part p1 answered (its end is left out):\n> Answer o\n');
    expect(prompt.leftOut).toEqual([
      'answer of p1: its end',
      'answer of p2: its end',
      'answer of p3: its end',
    ]);
  });
});

describe('briefOfPart', () => {
  const run = readRun(
    analysed({ parts: partsEnding({ p2: notPlanned('p2') }) }).events,
    noLongTexts,
  );

  test('reads what a part needs out of the analysis', () => {
    const budget = { tokens: 10, microsUsd: null };

    expect(briefOfPart(run, 'p3', budget)).toMatchObject({
      whole: { question: 'Shall we move?', materials: [], personas: {} },
      part: part('p3', ['p1', 'p2']),
      question: 'p3?',
      needed: [
        { part: 'p1', question: 'p1?', answer: 'Answer of p1.' },
        { part: 'p2', answer: null },
      ],
      budget,
    });
  });

  test('refuses a part that nobody proposed', () => {
    expect(() => briefOfPart(run, 'p9', { tokens: null, microsUsd: null })).toThrow(
      'part: got p9, expected one that was proposed',
    );
  });
});
