import { describe, expect, test } from '@jest/globals';

import { turnTasks } from '../../../domain/collaboration/fact.ts';
import { isFlip } from '../../../domain/replies/flip.ts';
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

describe('a flip', () => {
  const single = (option: string) => ({ kind: 'single', option }) as const;
  const rank = (...options: string[]) => ({ kind: 'rank', options }) as const;
  const approve = (...options: string[]) => ({ kind: 'approve', options }) as const;
  const abstain = { kind: 'abstain', reason: 'empty' } as const;

  test.each([
    [single('o1'), single('o2'), true],
    [single('o1'), single('o1'), false],
    [rank('o1', 'o2'), rank('o1', 'o3'), false],
    [rank('o1', 'o2'), rank('o2', 'o1'), true],
    [approve('o1', 'o2'), approve('o2', 'o1'), false],
    [approve('o1'), approve('o1', 'o2'), true],
    [null, single('o1'), false],
    [abstain, single('o1'), false],
    [single('o1'), abstain, false],
  ])('from %j to %j: %p', (before, after, expected) => {
    expect(isFlip(before, after)).toBe(expected);
  });

  test('is none between answers that stand for each other', () => {
    expect(isFlip(single('a1'), single('a2'), { a2: 'a1' })).toBe(false);
  });
});
