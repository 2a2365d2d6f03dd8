import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';

import type { CollaborationRequest } from '../../../domain/collaboration/request.ts';
import {
  collaborationRequestSchema,
  faultsOf,
  materialBytesMax,
} from '../../../domain/collaboration/request-schema.ts';
import type { Fault } from '../../../domain/planning/fault.ts';

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

type Output = z.output<typeof collaborationRequestSchema>;

type SameFields = {
  readonly [K in keyof Required<CollaborationRequest>]: Same<
    Required<Output>[K],
    Required<CollaborationRequest>[K]
  >;
};

/** Does not compile when a field of the schema's output is not the same as in the contract. */
const sameFields: SameFields = {
  pattern: true,
  question: true,
  options: true,
  materials: true,
  participants: true,
  protocol: true,
  rounds: true,
  parts: true,
  thoroughness: true,
  questionKind: true,
  toleratedFaults: true,
  budget: true,
  deadline: true,
  gate: true,
  people: true,
  stopOnStability: true,
  endsEarly: true,
  synthesis: true,
  grouping: true,
  depth: true,
  chair: true,
  allowFallback: true,
  maxOutputTokens: true,
  personas: true,
  seed: true,
};

/** Does not compile when one has a field, or an optional field, that the other has not. */
const sameWhole: Same<Output, CollaborationRequest> = true;

const least: CollaborationRequest = { pattern: 'debate', question: 'Which database?' };

const most: CollaborationRequest = {
  pattern: 'consensus',
  question: 'Which database?',
  options: ['Postgres', 'SQLite'],
  materials: [
    { name: 'plan.md', text: 'Plan' },
    { artifact: 'ab'.repeat(32) },
    { artifact: 'cd'.repeat(32), name: 'chart.png' },
  ],
  participants: ['gpt', { agent: 'claude', persona: 'critic', personas: ['lawyer'], weight: 2 }],
  protocol: { kind: 'quorum', required: 2, veto: true },
  rounds: 3,
  parts: 6,
  thoroughness: 0.5,
  questionKind: 'security',
  toleratedFaults: 1,
  budget: { tokens: 20_000, usd: 0.5 },
  deadline: 'PT10M',
  gate: { marginMin: 0.6, askedWay: 'done' },
  people: {
    points: ['gate', 'decision'],
    questions: ['Which region?'],
    expiresAfterSeconds: 3_600,
    onExpiry: { gate: 'debate', decision: 'approve' },
  },
  stopOnStability: true,
  endsEarly: false,
  synthesis: false,
  grouping: 'model',
  depth: 'split',
  chair: 'claude',
  allowFallback: true,
  maxOutputTokens: 800,
  personas: { lawyer: 'Look at the law.' },
  seed: 'C0DE',
};

/** What is wrong with a body; nothing when it is accepted. */
function faultsIn(body: unknown): readonly Fault[] {
  const result = collaborationRequestSchema.safeParse(body);
  return result.success ? [] : faultsOf(result.error, body);
}

function faultIn(more: Readonly<Record<string, unknown>>): Fault | undefined {
  const [fault, ...others] = faultsIn({ ...least, ...more });
  expect(others).toEqual([]);
  return fault;
}

describe('a body', () => {
  test('gives what the contract says, field by field', () => {
    expect(Object.keys(sameFields)).toEqual(Object.keys(most));
    expect(sameWhole).toBe(true);
  });

  test('passes unchanged with the least and with all fields', () => {
    expect(collaborationRequestSchema.parse(least)).toEqual(least);
    expect(collaborationRequestSchema.parse(most)).toEqual(most);
    expect(collaborationRequestSchema.parse({ ...least, gate: 'off' })).toEqual({
      ...least,
      gate: 'off',
    });
  });

  test('that is no object is refused as a whole', () => {
    const expected = 'an object';

    expect(faultsIn([])).toEqual([{ field: 'body', got: 'an empty list', expected }]);
    expect(faultsIn(undefined)).toEqual([{ field: 'body', got: 'nothing', expected }]);
    expect(faultsIn('debate')).toEqual([{ field: 'body', got: '"debate"', expected }]);
  });

  test('has all its faults told at once', () => {
    const fields = faultsIn({ rounds: 0, bogus: 1 }).map(({ field }) => field);

    expect(fields).toEqual(['pattern', 'question', 'rounds', 'bogus']);
  });
});

const gateFields =
  'one of the fields disagreementMax, marginMin, confidenceMin, confidenceAsk, statedMin, askedWay';
const text20000 = 'a text of 1 to 20,000 characters';
const deadlineError =
  'an ISO 8601 duration from PT1S to P30D in weeks, days, hours, minutes and seconds, for instance PT10M';
const usdError = 'dollars above 0, up to 10,000, with at most 6 decimals';
const personaError =
  'a name of 1 to 64 letters, digits, blanks, dots, dashes and underscores, beginning with a letter or digit';

describe('a field out of its range', () => {
  const cases: readonly (readonly [Record<string, unknown>, string, string, string])[] = [
    [{ pattern: 'chat' }, 'pattern', '"chat"', 'one of consensus, debate, analysis'],
    [{ question: undefined }, 'question', 'nothing', text20000],
    [{ gate: 'on' }, 'gate', '"on"', '"off"'],
    [{ gate: true }, 'gate', 'true', '"off", or an object of thresholds'],
    [{ gate: null }, 'gate', 'null', '"off", or an object of thresholds'],
    [{ gate: { marginMin: 1.5 } }, 'gate.marginMin', '1.5', 'a number from 0 to 1'],
    [{ gate: { statedMin: '1' } }, 'gate.statedMin', '"1"', 'a number from 0 to 1'],
    [{ gate: { askedWay: 'ask' } }, 'gate.askedWay', '"ask"', 'one of done, debate'],
    [{ gate: { margin: 1 } }, 'gate.margin', '1', gateFields],
    [{ question: '' }, 'question', '""', text20000],
    [{ question: ' \n' }, 'question', '" \\n"', `${text20000}, not only blanks`],
    [
      { question: 'a\0' },
      'question',
      '"a\\u0000"',
      `${text20000}, without NUL and lone surrogates`,
    ],
    [
      { question: 'a\ud800' },
      'question',
      '"a\\ud800"',
      `${text20000}, without NUL and lone surrogates`,
    ],
    [
      { question: 'x'.repeat(20_001) },
      'question',
      `"${'x'.repeat(40)}"… (20,001 characters)`,
      text20000,
    ],
    [{ question: 4 }, 'question', '4', text20000],
    [{ options: ['A'] }, 'options', 'a list of 1', 'a list of 2 to 50'],
    [{ options: Array(51).fill('A') }, 'options', 'a list of 51', 'a list of 2 to 50'],
    [{ options: 'A' }, 'options', '"A"', 'a list of 2 to 50'],
    [{ options: ['A', ' A'] }, 'options[1]', '" A"', 'an option that is not there already'],
    [{ options: ['A', 5] }, 'options[1]', '5', 'a text of 1 to 2,000 characters'],
    [{ rounds: 0 }, 'rounds', '0', 'a whole number from 1 to 5'],
    [{ rounds: 6 }, 'rounds', '6', 'a whole number from 1 to 5'],
    [{ rounds: 1.5 }, 'rounds', '1.5', 'a whole number from 1 to 5'],
    [{ rounds: '3' }, 'rounds', '"3"', 'a whole number from 1 to 5'],
    [
      { questionKind: 'poetry' },
      'questionKind',
      '"poetry"',
      'one of factual, design, security, planning, other',
    ],
    [{ toleratedFaults: -1 }, 'toleratedFaults', '-1', 'a whole number from 0 to 16'],
    [{ toleratedFaults: 1.5 }, 'toleratedFaults', '1.5', 'a whole number from 0 to 16'],
    [{ thoroughness: 1.1 }, 'thoroughness', '1.1', 'a number from 0 to 1'],
    [{ thoroughness: -0.1 }, 'thoroughness', '-0.1', 'a number from 0 to 1'],
    [{ thoroughness: null }, 'thoroughness', 'null', 'a number from 0 to 1'],
    [{ budget: { tokens: 0 } }, 'budget.tokens', '0', 'a whole number from 1 to 1,000,000,000,000'],
    [{ budget: { usd: 0 } }, 'budget.usd', '0', usdError],
    [{ budget: { usd: -1 } }, 'budget.usd', '-1', usdError],
    [{ budget: { usd: 10_000.01 } }, 'budget.usd', '10000.01', usdError],
    [{ budget: { usd: 0.1234567 } }, 'budget.usd', '0.1234567', usdError],
    [{ budget: { usd: '1' } }, 'budget.usd', '"1"', usdError],
    [{ budget: { eur: 1 } }, 'budget.eur', '1', 'one of the fields tokens, usd'],
    [{ deadline: 'P1Y' }, 'deadline', '"P1Y"', deadlineError],
    [{ deadline: 'PT0S' }, 'deadline', '"PT0S"', deadlineError],
    [{ deadline: 600 }, 'deadline', '600', deadlineError],
    [{ stopOnStability: 'yes' }, 'stopOnStability', '"yes"', 'true or false'],
    [{ grouping: 'fuzzy' }, 'grouping', '"fuzzy"', 'one of exact, normalised, model'],
    [{ maxOutputTokens: 15 }, 'maxOutputTokens', '15', 'a whole number from 16 to 100,000'],
    [{ seed: 'xyz' }, 'seed', '"xyz"', '1 to 64 hexadecimal digits'],
    [{ participants: [] }, 'participants', 'an empty list', 'a list of 1 to 50'],
    [{ participants: Array(51).fill('a') }, 'participants', 'a list of 51', 'a list of 1 to 50'],
    [
      { participants: [4] },
      'participants[0]',
      '4',
      "an agent's name, or an object with agent, persona, personas and weight",
    ],
    [{ participants: [''] }, 'participants[0]', '""', "an agent's name of 1 to 200 characters"],
    [
      { participants: ['a', { agent: 'b', weight: 0 }] },
      'participants[1].weight',
      '0',
      'a number above 0, up to 1,000',
    ],
    [
      { participants: [{ agent: 'b', weight: 1_001 }] },
      'participants[0].weight',
      '1001',
      'a number above 0, up to 1,000',
    ],
    [
      { participants: [{ agent: 'b', role: 'x' }] },
      'participants[0].role',
      '"x"',
      'one of the fields agent, persona, personas, weight',
    ],
    [{ materials: ['x'] }, 'materials[0]', '"x"', 'an object with name and text, or with artifact'],
    [
      { materials: [{ artifact: 'abc' }] },
      'materials[0].artifact',
      '"abc"',
      'the SHA-256 of an artifact, 64 hexadecimal digits',
    ],
    [
      { materials: [{ name: 'a' }] },
      'materials[0].text',
      'nothing',
      'a text of 1 to 10,485,760 characters',
    ],
    [
      { personas: {} },
      'personas',
      'an object with 0 fields',
      'an object of 1 to 20 personas, name to instructions',
    ],
    [{ personas: { 'a/b': 'x' } }, 'personas["a/b"]', '"a/b"', personaError],
    [{ personas: { a: 5 } }, 'personas.a', '5', 'instructions of 1 to 4,000 characters'],
    [
      { personas: { a: 'x'.repeat(4_001) } },
      'personas.a',
      `"${'x'.repeat(40)}"… (4,001 characters)`,
      'instructions of 1 to 4,000 characters',
    ],
    [{ protocol: { kind: 'quorum' } }, 'protocol.required', 'nothing', 'number'],
    [{ chair: 7 }, 'chair', '7', "an agent's name of 1 to 200 characters"],
  ];

  test.each(cases.map(([more, ...fault]) => [...fault, more] as const))(
    'is told for %s, got %s, expected %s',
    (field, got, expected, more) => {
      expect(faultIn(more)).toEqual({ field, got, expected });
    },
  );

  test('names the protocols that exist', () => {
    const fault = faultIn({ protocol: { kind: 'dice' } });

    expect(fault).toMatchObject({ field: 'protocol.kind', got: '"dice"' });
    expect(fault?.expected).toContain('plurality');
    expect(fault?.expected).toContain('judge');
  });

  test('has room for 20 personas and no more', () => {
    const personas = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, 'Look.']));

    expect(faultIn({ personas: personas(20) })).toBeUndefined();
    expect(faultIn({ personas: personas(21) })?.got).toBe('an object with 21 fields');
  });
});

describe('the limits themselves', () => {
  test.each([
    { question: 'x'.repeat(20_000) },
    { options: Array.from({ length: 50 }, (_, index) => `o${index}`) },
    { rounds: 5 },
    { thoroughness: 0 },
    { thoroughness: 1 },
    { budget: { tokens: 1, usd: 0.000001 } },
    { budget: { usd: 10_000 } },
    { budget: {} },
    { deadline: 'PT1S' },
    { deadline: 'P30D' },
    { participants: [{ agent: 'a', weight: 0.001 }] },
    { materials: [] },
  ])('are accepted: %#', (more) => {
    expect(faultIn(more)).toBeUndefined();
  });
});

describe('materials', () => {
  test('hold 10 MB of text in all, counted in bytes', () => {
    const half = 'é'.repeat(materialBytesMax / 4);
    const artifact = { artifact: 'ab'.repeat(32) };
    const full = [{ name: 'a', text: half }, { name: 'b', text: half }, artifact];

    expect(faultIn({ materials: full })).toBeUndefined();
    expect(faultIn({ materials: [...full, { name: 'c', text: 'x' }] })).toEqual({
      field: 'materials',
      got: '10,485,761 bytes of text',
      expected: 'at most 10,485,760 bytes of text in all; put more as artifacts',
    });
  });
});

describe('faultsOf', () => {
  test('lists at most 50 faults', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x${index}`, 1]));

    expect(faultsIn({ ...least, ...many })).toHaveLength(50);
    expect(faultsIn({ ...least, options: Array(50).fill(1), ...many })).toHaveLength(50);
  });

  test("reads other schemas' default messages, without repeating keys that came", () => {
    const schema = z.strictObject({ name: z.string(), port: z.number().max(9) });
    const body = { name: 5, port: 10, secret: 'x' };
    const checked = schema.safeParse(body);

    const faults = checked.success ? [] : faultsOf(checked.error, body);

    expect(faults).toEqual([
      { field: 'name', got: '5', expected: 'string' },
      { field: 'port', got: '10', expected: 'number to be <=9' },
      { field: 'secret', got: '"x"', expected: 'only known fields' },
    ]);
  });

  test('tells that a record key is wrong even where nobody says why', () => {
    const body = { UP: 1 };
    const checked = z.record(z.string(), z.number()).safeParse(body);
    expect(checked.success).toBe(true);

    const error = new z.ZodError([
      {
        code: 'invalid_key',
        origin: 'record',
        issues: [],
        path: ['UP'],
        message: 'Invalid key in record',
        input: body,
      },
    ]);

    expect(faultsOf(error, body)).toEqual([
      { field: 'UP', got: '"UP"', expected: 'Invalid key in record' },
    ]);
  });

  test('never fails and never repeats more than 80 characters of a value', () => {
    const long = fc.integer({ min: 81, max: 400 }).map((length) => '~'.repeat(length));
    const value = fc.oneof(long, fc.jsonValue(), fc.array(long), fc.dictionary(long, long));
    const body = fc.dictionary(
      fc.oneof(fc.constantFrom(...Object.keys(most)), long, fc.string()),
      value,
    );
    fc.assert(
      fc.property(body, (given) => {
        for (const fault of faultsIn(given)) {
          expect(fault.field.length).toBeGreaterThan(0);
          expect(fault.expected.length).toBeGreaterThan(0);
          expect(`${fault.field}|${fault.got}|${fault.expected}`).not.toMatch(/~{81}/);
        }
      }),
    );
  });
});
