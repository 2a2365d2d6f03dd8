import type { ReplySchema } from '../providers/model-connector.ts';

/** First words of the instruction, by which a reader can find the schema again. */
export const schemaInstructionStart = 'Reply with one JSON object that follows this JSON Schema:';

/** Says in words what a model without structured output must send. */
export function schemaInstruction(schema: ReplySchema): string {
  return `${schemaInstructionStart}\n${JSON.stringify(schema.jsonSchema)}\nSend the object alone: no code fence, no word before or after it.`;
}
