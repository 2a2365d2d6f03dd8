import { makeUpMind, mostHeld, simulatedMark } from './mind.ts';
import type { Position } from './mind.ts';
import type { PromptReading } from './prompt-reading.ts';
import { proposedParts } from './proposed-parts.ts';
import { openAnswers } from './temperament.ts';
import { at, listAt, objectAt, textAt } from './wire.ts';

/** Deepest schema that is followed. */
const DEPTH_MAX = 8;

/** Everything that a field's value is made from. */
interface Filling {
  readonly position: Position;
  readonly reading: PromptReading;
  readonly schemaName: string;
}

/**
 * Fills a JSON schema with what a simulated agent thinks. Fields of our own replies get their meaning; all
 * others get the plainest value that their type allows.
 */
export function fillSchema(
  schema: Readonly<Record<string, unknown>>,
  model: string,
  reading: PromptReading,
): unknown {
  const options = ['answer', 'approved', 'ranking'].flatMap((field) => choicesOf(schema, field));
  const position = makeUpMind(model, reading, options);
  const isSynthesis = at(schema, 'properties', 'abstain') === undefined;
  return valueOf(
    schema,
    '',
    {
      position,
      reading,
      schemaName: isSynthesis ? 'synthesis' : 'position',
    },
    0,
  );
}

function choicesOf(schema: unknown, field: string): readonly string[] {
  const property = at(schema, 'properties', field);
  const values = [...listAt(property, 'enum'), ...listAt(property, 'items', 'enum')];
  return values.filter((value): value is string => typeof value === 'string');
}

function valueOf(schema: unknown, name: string, filling: Filling, depth: number): unknown {
  const own = ownFields[name]?.(schema, filling);
  if (own !== undefined) return own;
  const [first] = listAt(schema, 'enum');
  if (first !== undefined) return first;
  const type = at(schema, 'type');
  switch (Array.isArray(type) ? type[0] : type) {
    case 'object':
      return depth >= DEPTH_MAX ? {} : objectOf(schema, filling, depth);
    case 'array':
      return [];
    case 'number':
    case 'integer':
      return 0;
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return `${simulatedMark} ${name}`;
  }
}

function objectOf(schema: unknown, filling: Filling, depth: number): Record<string, unknown> {
  const properties = objectAt(schema, 'properties') ?? {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      valueOf(property, name, filling, depth + 1),
    ]),
  );
}

type FieldFilling = (schema: unknown, filling: Filling) => unknown;

const ownFields: Readonly<Record<string, FieldFilling | undefined>> = {
  answer: (schema, filling) => answerOf(listAt(schema, 'enum'), filling),
  approved: (_schema, { position }) => position.ranking.slice(0, position.confidence < 0.7 ? 2 : 1),
  ranking: (_schema, { position }) => position.ranking,
  rationale: (_schema, { position }) => position.rationale,
  evidence: (_schema, { position }) => [position.evidence],
  confidence: (_schema, { position }) => Math.round(position.confidence * 100) / 100,
  citing: (_schema, { position }) => position.citing ?? 'none',
  critiques: (_schema, { position, reading }) =>
    [...reading.positions.keys()]
      .filter((name) => name !== reading.self)
      .slice(0, 2)
      .map((of) => ({ of, text: position.doubt })),
  parts: (schema, { reading }) =>
    at(schema, 'items', 'properties', 'question') === undefined
      ? undefined
      : proposedParts(reading.question, textAt(schema, 'description')),
  options: (schema) => (textAt(schema, 'type') === 'array' ? openAnswers : undefined),
  groups: (schema) => (textAt(schema, 'type') === 'array' ? [] : undefined),
  vetoes: () => [],
  abstain: () => false,
};

function answerOf(choices: readonly unknown[], { position, reading, schemaName }: Filling): string {
  if (schemaName !== 'synthesis') {
    // A judge is not asked what it held: it takes what most hold, as far as that may be chosen.
    const held = mostHeld(reading.positions);
    const isJudge = reading.held === null && held !== null && reading.self === '';
    return isJudge && choices.includes(held) ? held : position.answer;
  }
  if (reading.parts.size > 0) return wholeOf(reading.parts);
  const held = mostHeld(reading.positions) ?? position.answer;
  return `${simulatedMark} Most participants hold: ${held}`;
}

function wholeOf(parts: PromptReading['parts']): string {
  const answers = [...parts].map(([part, answer]) => `${part}: ${answer}`);
  return `${simulatedMark} The parts taken together: ${answers.join('; ')}`;
}
