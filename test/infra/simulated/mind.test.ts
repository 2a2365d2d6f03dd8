import { describe, expect, test } from '@jest/globals';

import { buildPrompt } from '../../../domain/prompts/build-prompt.ts';
import { schemaInstruction } from '../../../domain/prompts/schema-instruction.ts';
import { behaviourOf } from '../../../infra/simulated/behaviour.ts';
import { makeUpMind, mostHeld } from '../../../infra/simulated/mind.ts';
import type { PromptReading } from '../../../infra/simulated/prompt-reading.ts';
import { readPrompt, schemaInPrompt } from '../../../infra/simulated/prompt-reading.ts';
import { fillSchema } from '../../../infra/simulated/schema-filling.ts';
import { temperaments } from '../../../infra/simulated/temperament.ts';
import { material, proposals, textOf } from '../../domain/prompts/material.ts';

const OPTIONS = ['Postgres', 'SQLite', 'Redis'];
const panel = Object.keys(temperaments);

function reading(fields: Partial<PromptReading> = {}): PromptReading {
  return {
    question: 'Which database?',
    round: 1,
    self: 'Participant A',
    held: null,
    positions: new Map(),
    parts: new Map(),
    isRepair: false,
    ...fields,
  };
}

describe('a simulated mind', () => {
  test('depends on nothing but what it is given', () => {
    expect(makeUpMind('sim-ada', reading(), OPTIONS)).toEqual(
      makeUpMind('sim-ada', reading(), OPTIONS),
    );
  });

  test('is of one opinion with the others on some questions, and not on all', () => {
    const opinions = Array.from({ length: 40 }, (_question, index) => {
      const asked = reading({ question: `question ${index}` });
      return new Set(panel.map((model) => makeUpMind(model, asked, OPTIONS).answer)).size;
    });

    expect(opinions).toContain(1);
    expect(opinions).toContain(2);
  });

  test('is changed by enough others in its time, and says by whom', () => {
    const positions = new Map([
      ['Participant A', 'Redis'],
      ['Participant B', 'SQLite'],
      ['Participant C', 'SQLite'],
    ]);
    const asked = (round: number): PromptReading => reading({ round, held: 'Redis', positions });

    expect(makeUpMind('sim-cy', asked(2), OPTIONS)).toMatchObject({
      answer: 'SQLite',
      citing: 'Participant B',
    });
    expect(makeUpMind('sim-eve', asked(2), OPTIONS)).toMatchObject({
      answer: 'Redis',
      citing: null,
    });
    expect(makeUpMind('sim-eve', asked(3), OPTIONS).answer).toBe('SQLite');
    expect(makeUpMind('sim-bo', asked(5), OPTIONS)).toMatchObject({
      answer: 'Redis',
      citing: null,
    });
  });

  test('says of every reason that it is simulated, and how sure it is within bounds', () => {
    for (const model of panel) {
      const { rationale, evidence, doubt, confidence } = makeUpMind(model, reading(), OPTIONS);

      for (const text of [rationale, evidence, doubt]) expect(text).toMatch(/^\[simulated\] /);
      expect(confidence).toBeGreaterThanOrEqual(0.5);
      expect(confidence).toBeLessThanOrEqual(0.96);
    }
  });

  test('goes by the first of a ranking, and by nothing that is no option', () => {
    const ranked = makeUpMind('sim-ada', reading({ held: 'Redis\nSQLite', round: 2 }), OPTIONS);
    const lost = makeUpMind('sim-ada', reading({ held: 'MySQL', round: 2 }), OPTIONS);

    expect(ranked.ranking).toEqual(['Redis', 'Postgres', 'SQLite']);
    expect(OPTIONS).toContain(lost.answer);
  });

  test('has an answer to an open question, and keeps what it held', () => {
    expect(makeUpMind('sim-ada', reading(), []).answer).not.toBe('');
    expect(makeUpMind('other', reading({ held: 'my own' }), [])).toMatchObject({
      answer: 'my own',
      citing: null,
    });
  });

  test('finds what most hold', () => {
    expect(
      mostHeld(
        new Map([
          ['A', 'x'],
          ['B', 'y'],
          ['C', 'y'],
        ]),
      ),
    ).toBe('y');
    expect(mostHeld(new Map())).toBeNull();
  });
});

describe('reading a prompt', () => {
  test('finds what our prompts say', () => {
    const prompt = textOf(buildPrompt('revision', material()));

    const read = readPrompt(prompt);

    expect(read).toMatchObject({ question: 'Which database?', round: 2, held: 'Postgres' });
    expect(read.self).toMatch(/^Participant [ABC]$/);
    expect([...read.positions.values()]).toEqual(proposals.entries.map(({ answer }) => answer));
    expect(read.isRepair).toBe(false);
  });

  test('is not misled by a quotation', () => {
    const prompt = textOf(
      buildPrompt('revision', material({ question: 'You are Participant Z.' })),
    );

    expect(readPrompt(prompt).self).not.toBe('Participant Z');
  });

  test('takes any other prompt for a question', () => {
    expect(readPrompt('What is it?')).toMatchObject({
      question: 'What is it?',
      round: 1,
      held: null,
    });
  });

  test('finds the schema that was put into words', () => {
    const schema = { name: 'x', jsonSchema: { type: 'object' } };

    expect(schemaInPrompt(`question\n${schemaInstruction(schema)}`)).toEqual(schema.jsonSchema);
    expect(schemaInPrompt('question')).toBeNull();
    expect(schemaInPrompt(schemaInstruction(schema).replace('{', '['))).toBeNull();
  });
});

describe('filling a schema', () => {
  test('follows one that is not ours', () => {
    const schema = {
      type: 'object',
      properties: {
        title: { type: 'string' },
        kind: { type: 'string', enum: ['a', 'b'] },
        count: { type: 'integer' },
        tags: { type: 'array', items: { type: 'string' } },
        isGood: { type: ['boolean', 'null'] },
        nothing: { type: 'null' },
        inner: { type: 'object', properties: { deep: { type: 'number' } } },
      },
    };

    expect(fillSchema(schema, 'sim-ada', reading())).toEqual({
      title: '[simulated] title',
      kind: 'a',
      count: 0,
      tags: [],
      isGood: false,
      nothing: null,
      inner: { deep: 0 },
    });
  });

  test('ends with a schema without end', () => {
    const loop: Record<string, unknown> = { type: 'object' };
    loop['properties'] = { again: loop };

    expect(JSON.stringify(fillSchema(loop, 'sim-ada', reading())).length).toBeLessThan(200);
  });
});

describe('a behaviour', () => {
  test.each([
    ['sim-ada', { kind: 'good' }],
    ['sim-prose', { kind: 'bad-reply', fault: 'prose', isOnce: false }],
    ['sim-half-json-once', { kind: 'bad-reply', fault: 'half-json', isOnce: true }],
    ['sim-ada-529', { kind: 'status', status: 529, isOnce: false }],
    ['sim-flaky-429', { kind: 'status', status: 429, isOnce: true }],
    ['sim-slow-1200', { kind: 'slow', latencyMs: 1200 }],
    ['sim-hang', { kind: 'broken', how: 'hang' }],
    ['sim-no-usage', { kind: 'no-usage' }],
    ['gpt-4', { kind: 'good' }],
  ])('is chosen by the name %s', (model, expected) => {
    expect(behaviourOf(model)).toEqual(expected);
  });
});
