import { basename } from 'node:path';

import type { Pattern } from '../../domain/collaboration/plan.ts';
import { protocolKinds } from '../../domain/protocols/protocol.ts';
import { CommandError, exitUsage } from './exit.ts';
import { pairIn } from './option-values.ts';
import { readText } from './record-files.ts';

/** What was said about a start on the command line. */
export interface StartOptions {
  readonly option?: readonly string[];
  readonly agent?: readonly string[];
  readonly material?: readonly string[];
  readonly protocol?: string;
  readonly rounds?: number;
  readonly thoroughness?: number;
  readonly parts?: number;
  readonly questionKind?: string;
  readonly toleratedFaults?: number;
  readonly budgetUsd?: number;
  readonly budgetTokens?: number;
  readonly deadline?: string;
  readonly chair?: string;
  readonly persona?: readonly string[];
  readonly stopOnStability?: boolean;
  readonly gate?: string;
  readonly ask?: readonly string[];
  readonly askFirst?: readonly string[];
  readonly askFor?: number;
}

/**
 * Makes the body of a start. What was not said is left to the API's defaults.
 *
 * @throws CommandError with the code for wrong usage for what cannot be read
 */
export async function startBody(
  pattern: Pattern,
  question: string,
  options: StartOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { budgetUsd: usd, budgetTokens: tokens } = options;
  const materials = await Promise.all(
    (options.material ?? []).map(async (path) => ({
      name: path === '-' ? 'stdin' : basename(path),
      text: await readText(path),
    })),
  );
  return given({
    pattern,
    question,
    options: options.option,
    participants: options.agent?.map(participantOf),
    materials: materials.length === 0 ? undefined : materials,
    protocol: options.protocol === undefined ? undefined : protocolOf(options.protocol),
    rounds: options.rounds,
    thoroughness: options.thoroughness,
    parts: options.parts,
    questionKind: options.questionKind,
    toleratedFaults: options.toleratedFaults,
    budget: usd === undefined && tokens === undefined ? undefined : given({ usd, tokens }),
    deadline: options.deadline,
    people: peopleOf(options),
    gate: options.gate === undefined ? undefined : gateOf(options.gate),
    chair: options.chair,
    personas: options.persona && Object.fromEntries(options.persona.map(personaOf)),
    // The flag is on unless it was switched off: only that is worth saying.
    stopOnStability: options.stopOnStability === false ? false : undefined,
  });
}

function peopleOf({ ask: points, askFirst: questions, askFor: expiresAfterSeconds }: StartOptions) {
  const people = given({ points, questions, expiresAfterSeconds });
  return Object.keys(people).length === 0 ? undefined : people;
}

/** Leaves out what was not given: JSON has no undefined. */
function given(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * Reads `agent`, `agent:persona` or `agent:persona:weight`; several personas are joined by `+`.
 *
 * @throws CommandError with the code for wrong usage for anything else
 */
export function participantOf(text: string): string | Readonly<Record<string, unknown>> {
  const [agent = '', persona = '', weight, ...rest] = text.split(':');
  if (rest.length > 0) {
    const expected = 'agent[:persona[+persona][:weight]]';
    throw new CommandError(`participant: got "${text}", expected ${expected}`, exitUsage);
  }
  if (persona === '' && weight === undefined) return agent;
  return given({
    agent,
    personas: persona === '' ? undefined : persona.split('+'),
    weight: weight === undefined ? undefined : numberIn(weight, `--agent ${text}`),
  });
}

/** Reads `name=instructions`. */
function personaOf(text: string): readonly [string, string] {
  return pairIn(text, { flag: '--persona', expected: 'name=instructions' });
}

/**
 * Reads the name of a protocol, or its whole JSON.
 *
 * @throws CommandError with the code for wrong usage when it is neither
 */
export function protocolOf(text: string): unknown {
  if (!text.trim().startsWith('{')) {
    if ((protocolKinds as readonly string[]).includes(text)) return { kind: text };
    const known = protocolKinds.join(', ');
    throw new CommandError(
      `--protocol: got "${text}", expected JSON or one of ${known}`,
      exitUsage,
    );
  }
  return jsonOf(text, '--protocol');
}

/**
 * Reads `off`, `on` (no threshold is said), or thresholds as JSON.
 *
 * @throws CommandError with the code for wrong usage
 */
export function gateOf(text: string): unknown {
  if (text === 'off') return text;
  if (text === 'on') return {};
  if (text.trim().startsWith('{')) return jsonOf(text, '--gate');
  throw new CommandError(`--gate: got "${text}", expected on, off or JSON`, exitUsage);
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandError(`${where}: got JSON that does not parse: ${text}`, exitUsage, cause);
  }
}

/**
 * Reads a number.
 *
 * @param text - what was typed
 * @param where - names the flag in the message
 * @throws CommandError with the code for wrong usage when it is none
 */
export function numberIn(text: string, where: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new CommandError(`${where}: got "${text}", expected a number`, exitUsage);
}
