import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hexadecimal digits' });
/** A last character with bits that no byte takes: other letters for the same bytes, which no signature would tell. */
const spareBits = /[^AQgw]==$|[^AEIMQUYcgkosw048=]=$/;
const base64 = z
  .base64({ error: 'expected base64' })
  .min(1)
  .refine((text) => !spareBits.test(text), { error: 'expected base64 without spare bits' });
const time = z.iso.datetime({ precision: 3, error: 'expected a UTC time with milliseconds' });
const count = z.int().nonnegative();
const known = z.number().nonnegative().nullable();
const words = z.union([z.string(), z.array(z.string())]);

const cost = {
  inputTokens: known,
  cachedTokens: known,
  outputTokens: known,
  usd: known,
  calls: count,
  unknownCalls: count,
  reused: count.exactOptional(),
};

const debate = z.strictObject({
  control: z.strictObject({
    kind: z.enum(['decided', 'no-decision']),
    answer: z.string().nullable(),
    reason: z.string().nullable(),
    explanation: z.string(),
  }),
  gate: z
    .strictObject({
      outcome: z.string(),
      way: z.string(),
      reasons: z.array(z.string()),
      leading: z.string().nullable(),
      isDecided: z.boolean(),
      disagreement: z.number().nullable(),
      margin: z.number(),
      confidence: z.number().nullable(),
      stated: z.number(),
      voted: count,
      seats: count,
      joined: count,
    })
    .nullable(),
  changed: z.boolean(),
  rounds: z.array(z.strictObject({ round: count, ...cost })),
  chair: z.strictObject(cost),
  marginal: z.strictObject({ ...cost, flips: count }),
});

const people = z.strictObject({
  decision: z
    .strictObject({
      answer: z.string(),
      by: z.string().nullable(),
      panel: z.strictObject({
        kind: z.enum(['decided', 'no-decision']),
        answer: z.string().nullable(),
        reason: z.string().nullable(),
      }),
    })
    .nullable(),
  approvals: z.array(
    z.strictObject({
      approval: z.string(),
      point: z.string(),
      question: z.string(),
      state: z.string(),
      answer: z.string().nullable(),
      by: z.string().nullable(),
      choice: z.string().nullable(),
      comment: z.string().nullable(),
      remembered: z.string().nullable(),
      requestedAt: time.nullable(),
      settledAt: time.nullable(),
    }),
  ),
});

const part = z.strictObject({
  part: z.string(),
  question: z.string(),
  kind: z.string(),
  pattern: z.string(),
  after: z.array(z.string()),
  collaboration: z.string().nullable(),
  ending: z.string(),
  reason: z.string().nullable(),
  answer: z.string().nullable(),
  explanation: z.string(),
  record: z.string().nullable(),
  cost: z.strictObject(cost),
});

const contradiction = z.strictObject({ parts: z.array(z.string()), about: z.string() });

const decision = z.strictObject({
  kind: z.enum(['decided', 'no-decision']),
  answer: z.string().nullable(),
  reason: z.string().nullable(),
  explanation: z.string(),
  votes: z.array(
    z.strictObject({
      seat: z.string(),
      agent: z.string(),
      weight: z.number(),
      choice: words.nullable(),
      confidence: z.number().nullable(),
      abstained: z.string().nullable(),
    }),
  ),
  flips: z.array(
    z.strictObject({
      seat: z.string(),
      agent: z.string(),
      round: count,
      from: z.string(),
      to: z.string(),
      citing: z.string().nullable(),
    }),
  ),
  dissent: z.array(
    z.strictObject({
      seat: z.string(),
      agent: z.string(),
      answer: z.string(),
      rationale: z.string(),
    }),
  ),
  rounds: count,
  stoppedBy: z.string(),
  cost: z.strictObject(cost),
  simulated: z.boolean(),
  debate: debate.exactOptional(),
  people: people.exactOptional(),
  parts: z.array(part).exactOptional(),
  contradictions: z.array(contradiction).exactOptional(),
  partial: z.boolean().exactOptional(),
});

/** Shape of a sealed record, version 1: every field is there, and no other; `decision.debate` only since there are gates, `decision.people` only where people were asked, `decision.parts`, `contradictions` and `partial` only of an analysis. */
export const sealedRecordSchema = z.strictObject({
  version: z.literal(1),
  collaborationId: z.string(),
  tenantId: z.string(),
  pattern: z.string(),
  question: z.strictObject({ sha256, bytes: count }),
  options: z.array(z.string()),
  materials: z.array(z.strictObject({ name: z.string(), sha256, bytes: count })),
  plan: z.record(z.string(), z.unknown()),
  participants: z.array(
    z.strictObject({
      seat: z.string(),
      agent: z.string(),
      models: z.array(z.string()),
      personas: z.array(z.string()),
      weight: z.number(),
      simulated: z.boolean(),
    }),
  ),
  positions: z.array(
    z.strictObject({
      turn: z.string(),
      seat: z.string(),
      round: count,
      answer: words,
      confidence: z.number().nullable(),
      sha256,
    }),
  ),
  decision,
  head: z.strictObject({ stream: z.string(), seq: z.int().positive(), hash: sha256 }),
  sealedAt: time,
  keyId: z.string().regex(/^[0-9a-f]{16}$/, { error: 'expected 16 hexadecimal digits' }),
  publicKey: base64,
  signature: base64,
});

/** Shape of an event; what its data holds depends on its type and is not looked at here. */
export const ledgerEventSchema = z.looseObject({
  id: z.string(),
  type: z.string(),
  source: z.string(),
  subject: z.string(),
  time: z.string(),
  data: z.record(z.string(), z.unknown()),
  stream: z.string(),
  seq: z.int(),
  previousHash: z.string(),
  hash: z.string(),
});
