import { commandSchema, completeCommand } from '../../../domain/commands/command-schema.ts';
import type { CommandSettings } from '../../../domain/commands/command-settings.ts';
import type { ModelRequest } from '../../../domain/providers/model-connector.ts';
import { fakeProgram, programsGrant } from './fake-program.ts';

/** Settings of the made-up program. */
export function fakeCommand(behaviour: readonly string[], fields: object = {}): CommandSettings {
  return completeCommand(
    commandSchema.parse({
      path: fakeProgram,
      output: { kind: 'claude' },
      arguments: behaviour,
      network: { upstream: null },
      grants: [programsGrant],
      ...fields,
    }),
  );
}

/** A question for a program. */
export function question(fields: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: 'Be exact.',
    parts: [{ kind: 'text', text: 'Which one?', stable: true }],
    schema: null,
    maxOutputTokens: 900,
    signal: new AbortController().signal,
    ...fields,
  };
}
