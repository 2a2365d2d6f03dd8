import type { TurnTask } from '../collaboration/fact.ts';
import type { Prompt, PromptMaterial } from './material.ts';

/** Builds the prompt of one turn: what all seats share first, what is the seat's own last. */
export function buildPrompt(_task: TurnTask, _material: PromptMaterial): Prompt {
  throw new Error('not built yet');
}

/** Builds the one repair of a turn: the same prompt, then what came and what was wrong with it. */
export function buildRepair(
  _prompt: Prompt,
  _came: { reply: string; instruction: string },
): Prompt {
  throw new Error('not built yet');
}
