import { z } from 'zod';
import { partsMax } from '../analysis/analysis-terms.ts';
import { peopleSchema } from '../approvals/people-schema.ts';
import { tokensLimit, usdLimit } from '../budget/limits-schema.ts';
import { questionKinds } from '../calibration/question-kind.ts';
import { maybe, oneOf, only } from '../fields.ts';
import { gateSchema } from '../gate/gate-schema.ts';
import { fieldOf, grouped, shown, type Fault } from '../planning/fault.ts';
import { parseDeadline } from '../planning/duration.ts';
import { utf8Bytes } from '../prompts/token-estimate.ts';
import { protocolSchema } from '../protocols/protocol-schema.ts';
import { patterns } from './plan.ts';

/** Most bytes of text that the materials of one request may hold in place: 10 MiB. */
export const materialBytesMax = 10 * 1024 * 1024;

// Every message is the `expected` half of a fault; `faultsOf` adds where and what came.

function text({ max, what = 'a text' }: { max: number; what?: string }) {
  const error = `${what} of 1 to ${grouped(max)} characters`;
  return z
    .string({ error })
    .min(1, { error, abort: true })
    .max(max, { error, abort: true })
    .refine((value) => value.trim() !== '', { error: `${error}, not only blanks` })
    .refine(isStorable, { error: `${error}, without NUL and lone surrogates` });
}

/** Databases refuse NUL, and half a surrogate pair has no UTF-8 form to be hashed. */
function isStorable(value: string): boolean {
  return !/\0|\p{Surrogate}/u.test(value);
}

function whole({ from, to }: { from: number; to: number }) {
  const error = `a whole number from ${grouped(from)} to ${grouped(to)}`;
  return z.int({ error }).min(from, { error, abort: true }).max(to, { error });
}

function list<T extends z.ZodType>(item: T, { from, to }: { from: number; to: number }) {
  const error = `a list of ${from} to ${to}`;
  return z.array(item, { error }).min(from, { error }).max(to, { error });
}

function flag(describes: string) {
  return maybe(z.boolean({ error: 'true or false' }).describe(describes));
}

const agentName = text({ max: 200, what: "an agent's name" });
const personaName = text({ max: 64, what: "a persona's name" });
const weightError = 'a number above 0, up to 1,000';
const share = { error: 'a number from 0 to 1' };

const options = list(text({ max: 2_000 }), { from: 2, to: 50 })
  .superRefine((texts, context) => {
    const seen = new Set<string>();
    for (const [index, option] of texts.entries()) {
      if (seen.has(option.trim())) {
        context.addIssue({
          code: 'custom',
          path: [index],
          message: 'an option that is not there already',
        });
      }
      seen.add(option.trim());
    }
  })
  .meta({ uniqueItems: true })
  .readonly()
  .describe('What may be chosen: a closed question. Without options answers are open.');

const material = z.union(
  [
    only({ name: text({ max: 255, what: 'a name' }), text: text({ max: materialBytesMax }) }),
    only({
      artifact: z
        .string({ error: 'the SHA-256 of an artifact, 64 hexadecimal digits' })
        .regex(/^[0-9a-f]{64}$/, { error: 'the SHA-256 of an artifact, 64 hexadecimal digits' }),
      name: maybe(text({ max: 255, what: 'a name' })),
    }),
  ],
  { error: 'an object with name and text, or with artifact' },
);

const materials = list(material, { from: 0, to: 100 })
  .superRefine((items, context) => {
    const bytes = items.reduce((sum, item) => sum + ('text' in item ? utf8Bytes(item.text) : 0), 0);
    if (bytes <= materialBytesMax) return;
    context.addIssue({
      code: 'custom',
      message: `at most ${grouped(materialBytesMax)} bytes of text in all; put more as artifacts`,
      params: { got: `${grouped(bytes)} bytes of text` },
    });
  })
  .readonly()
  .describe('What the participants may read: text in place, or artifacts that were put before.');

const participant = z.union(
  [
    agentName,
    only({
      agent: agentName,
      persona: maybe(personaName),
      personas: maybe(list(personaName, { from: 1, to: 10 }).readonly()),
      weight: maybe(
        z
          .number({ error: weightError })
          .gt(0, { error: weightError })
          .max(1_000, { error: weightError }),
      ),
    }),
  ],
  { error: "an agent's name, or an object with agent, persona, personas and weight" },
);

const budget = only({ tokens: maybe(tokensLimit), usd: maybe(usdLimit) });

const personaPattern = /^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,63}$/u;
const personaNameError =
  'a name of 1 to 64 letters, digits, blanks, dots, dashes and underscores, beginning with a letter or digit';
const personasError = 'an object of 1 to 20 personas, name to instructions';

const personas = z
  .record(
    z.string().regex(personaPattern, { error: personaNameError }),
    text({ max: 4_000, what: 'instructions' }),
    { error: personasError },
  )
  .refine((named) => Object.keys(named).length >= 1 && Object.keys(named).length <= 20, {
    error: personasError,
  })
  .meta({ minProperties: 1, maxProperties: 20 })
  .readonly()
  .describe('Personas of this run, name to instructions; one with a built-in name hides it.');

const deadlineError =
  'an ISO 8601 duration from PT1S to P30D in weeks, days, hours, minutes and seconds, for instance PT10M';

/**
 * Checks the body of a start; unknown fields are refused.
 *
 * What depends on the tenant's agents or on two fields together is told by `makePlan`.
 */
export const collaborationRequestSchema = only({
  pattern: oneOf(patterns).describe('How the participants work together.'),
  question: text({ max: 20_000 }).describe('What is to be decided.'),
  options: maybe(options),
  materials: maybe(materials),
  participants: maybe(
    list(participant, { from: 1, to: 50 })
      .readonly()
      .describe("Who takes part; the tenant's panel by default."),
  ),
  protocol: maybe(protocolSchema),
  rounds: maybe(whole({ from: 1, to: 5 }).describe('Most rounds.')),
  thoroughness: maybe(
    z
      .number(share)
      .min(0, share)
      .max(1, share)
      .describe('Depth against cost; 0.5 by default. Fields that are given come before it.'),
  ),
  parts: maybe(
    whole({ from: 1, to: partsMax }).describe(
      'Most parts that an analysis is cut into. By default 2 below thoroughness 0.3, 4 to 0.6, 8 above.',
    ),
  ),
  questionKind: maybe(
    oneOf(questionKinds).describe(
      'What the question is about: models are known by their record for each kind. `other` by default.',
    ),
  ),
  toleratedFaults: maybe(
    whole({ from: 0, to: 16 }).describe(
      'Participants that may be faulty: silent, wrong or lying together. Takes three times as many and one more; 0 by default.',
    ),
  ),
  budget: maybe(budget),
  deadline: maybe(
    z
      .string({ error: deadlineError })
      .refine((value) => parseDeadline(value) !== null, { error: deadlineError })
      .meta({ description: 'Time for the whole run, an ISO 8601 duration.', example: 'PT10M' }),
  ),
  stopOnStability: flag('Ends a debate when nobody changed position in a round.'),
  endsEarly: flag('Ends the last round as soon as no outstanding vote can change the outcome.'),
  synthesis: flag('Has the chair write the answer up from the positions.'),
  grouping: maybe(
    oneOf(['exact', 'normalised', 'model']).describe('How equal open answers are found.'),
  ),
  depth: maybe(
    oneOf(['combined', 'split']).describe('Critique and revision in one call, or in a call each.'),
  ),
  gate: maybe(
    gateSchema.describe(
      'Holds the debate only if it can pay, or not: on by default for a closed question, and for an open one below thoroughness 0.4. Thresholds that are not given follow `thoroughness`.',
    ),
  ),
  people: maybe(
    peopleSchema.describe('Where the run asks people, and what holds when nobody answers.'),
  ),
  chair: maybe(agentName.describe('Agent that judges, groups and writes up.')),
  allowFallback: flag("Lets an agent's fallback answer when it cannot be reached."),
  maxOutputTokens: maybe(whole({ from: 16, to: 100_000 }).describe('Upper bound of one reply.')),
  personas: maybe(personas),
  seed: maybe(
    z
      .string({ error: '1 to 64 hexadecimal digits' })
      .regex(/^[0-9a-fA-F]{1,64}$/, { error: '1 to 64 hexadecimal digits' })
      .describe('Seed of every shuffle; drawn where absent.'),
  ),
});

/** Most faults that one answer lists; a hostile body could hold millions. */
const faultsMax = 50;

/**
 * Turns what a schema found into faults of field, got and expected.
 *
 * Never repeats more than 80 characters of a value. Lists at most 50 faults, each once.
 *
 * @param error - what the schema found
 * @param body - the checked value, from which `got` is read
 */
export function faultsOf(error: z.core.$ZodError, body: unknown): readonly Fault[] {
  const faults = error.issues
    .slice(0, faultsMax)
    .flatMap((issue) => issueFaults(issue, [], body))
    .slice(0, faultsMax);
  // A text where a list belongs has a length too, and so is found at fault twice.
  return faults.filter(
    ({ field, expected }, index) =>
      index === faults.findIndex((one) => one.field === field && one.expected === expected),
  );
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

function issueFaults(issue: Issue, at: Path, body: unknown): readonly Fault[] {
  const path = [...at, ...issue.path];
  const value = valueAt(body, path);
  const field = fieldOf(path);
  const expected = expectedOf(issue);
  if (issue.code === 'invalid_union') return unionFaults(issue, path, body);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, faultsMax).map((key) => ({
      field: fieldOf([...path, key]),
      got: shown(valueAt(value, [key])),
      expected,
    }));
  }
  if (issue.code === 'invalid_key') {
    const [first] = issue.issues;
    return [{ field, got: shown(path.at(-1)), expected: first ? expectedOf(first) : expected }];
  }
  const told: unknown = issue.code === 'custom' ? issue.params?.['got'] : undefined;
  return [{ field, got: typeof told === 'string' ? told : shown(value), expected }];
}

/** Tells the faults of the branch that the value was most likely meant for. */
function unionFaults(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: Path,
  body: unknown,
): readonly Fault[] {
  const meant = issue.errors
    .filter(
      (found) => !found.some(({ code, path: in_ }) => code === 'invalid_type' && in_.length === 0),
    )
    .toSorted((one, other) => one.length - other.length)[0];
  return meant === undefined
    ? [{ field: fieldOf(path), got: shown(valueAt(body, path)), expected: expectedOf(issue) }]
    : meant.flatMap((found) => issueFaults(found, path, body));
}

/** The schema's own words, or what zod's default message says after "expected"; never a key that came. */
function expectedOf(issue: Issue): string {
  if (issue.message.startsWith('Unrecognized key')) return 'only known fields';
  const [, afterExpected] = /\bexpected (.*?)(?:, received .*)?$/is.exec(issue.message) ?? [];
  return afterExpected ?? issue.message;
}

function valueAt(body: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    body,
  );
}
