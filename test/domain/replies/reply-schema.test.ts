import { describe, expect, test } from '@jest/globals';

import { turnTasks } from '../../../domain/collaboration/fact.ts';
import { labelledOptions, labelCharactersMax } from '../../../domain/replies/option-labels.ts';
import { groupLabels, replySchema } from '../../../domain/replies/reply-schema.ts';
import type { ReplyContext } from '../../../domain/replies/reply.ts';
import { closed, later, open } from './contexts.ts';

const KEYWORDS = [
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'description',
];

interface Schema {
  readonly type: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly enum?: readonly string[];
}

function schemaOf(task: (typeof turnTasks)[number], context: ReplyContext): Schema {
  return replySchema(task, context).jsonSchema as unknown as Schema;
}

function all(schema: Schema): readonly Schema[] {
  const inner = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
  ];
  return [schema, ...inner.flatMap(all)];
}

const contexts: readonly ReplyContext[] = [
  closed,
  open,
  later,
  { ...later, depth: 'split' },
  { ...closed, protocol: { kind: 'approval' } },
  { ...closed, protocol: { kind: 'ranked', method: 'instant-runoff' } },
  { ...closed, protocol: { kind: 'quorum', required: 2, veto: true } },
  { ...open, answers: [{ key: 'a1', text: 'x' }] },
];

describe('the schema of a reply', () => {
  test.each(turnTasks)('for a %s is one that every provider takes', (task) => {
    for (const schema of contexts.flatMap((context) => all(schemaOf(task, context)))) {
      expect(KEYWORDS).toEqual(expect.arrayContaining(Object.keys(schema)));
      expect(typeof schema.type).toBe('string');
      expect(schema.enum?.length).not.toBe(0);
      const isObject = schema.type === 'object';
      expect(schema.additionalProperties).toBe(isObject ? false : undefined);
      expect(schema.required).toEqual(isObject ? Object.keys(schema.properties ?? {}) : undefined);
    }
  });

  test('offers the options’ own words', () => {
    expect(schemaOf('vote', closed).properties?.['answer']?.enum).toEqual([
      'Postgres',
      'SQLite',
      'Redis',
    ]);
    expect(schemaOf('vote', open).properties?.['answer']?.enum).toBeUndefined();
  });

  test('is one for proposals and revisions, whoever has argued, so that prefixes stay', () => {
    expect(replySchema('revision', later)).toEqual(replySchema('proposal', closed));
  });

  test('asks for critiques in a pass of their own where the debate is split', () => {
    const fields = (context: ReplyContext): readonly string[] =>
      Object.keys(schemaOf('revision', context).properties ?? {});

    expect(fields(later)).toContain('critiques');
    expect(fields({ ...later, depth: 'split' })).not.toContain('critiques');
    expect(Object.keys(schemaOf('critique', later).properties ?? {})).toContain('critiques');
  });

  test('asks for vetoes only where they count', () => {
    const quorum = { kind: 'quorum', required: 2, veto: true } as const;

    expect(schemaOf('vote', { ...closed, protocol: quorum }).properties).toHaveProperty('vetoes');
    expect(schemaOf('vote', { ...open, protocol: quorum }).properties).not.toHaveProperty('vetoes');
    expect(schemaOf('vote', closed).properties).not.toHaveProperty('vetoes');
  });

  test('names answers to be grouped by number', () => {
    expect(groupLabels({ answers: [{ key: 'a', text: 'x' }] })).toEqual(['Answer 1']);
    expect(groupLabels({})).toEqual([]);
  });
});

describe('labels of options', () => {
  test('are the options’ own words, or their number where those are no label', () => {
    const texts = ['short', 'two\nlines', 'x'.repeat(labelCharactersMax + 1), 'same', 'same', ' '];

    const labels = labelledOptions(texts.map((text, index) => ({ key: `k${index}`, text })));

    expect(labels.map(({ label }) => label)).toEqual([
      'short',
      'Option 2',
      'Option 3',
      'Option 4',
      'Option 5',
      'Option 6',
    ]);
  });
});
