/** Personas that are always there. */
export const builtInPersonas = ['architect', 'critic', 'pragmatist', 'security'] as const;

/** Name of a persona that is always there. */
export type BuiltInPersona = (typeof builtInPersonas)[number];

/** What merging comes to: one set of instructions, or the names that nobody knows. */
export type MergedPersonas =
  | { readonly ok: true; readonly instructions: string }
  | { readonly ok: false; readonly unknown: readonly string[]; readonly message: string };

const INSTRUCTIONS: Readonly<Record<BuiltInPersona, string>> = {
  architect:
    'Look at the whole and at how it will change: borders between parts, dependencies, data, what is costly ' +
    'to reverse. Prefer the answer that keeps the most good choices open, and name the trade-off it makes.',
  critic:
    'Look for what is wrong: hidden assumptions, missing cases, evidence that would prove the answer false. ' +
    'Attack the strongest form of an argument, including your own, and accept it when it survives.',
  pragmatist:
    'Look at what works with the people, time and money at hand: effort, delivery, operation, maintenance. ' +
    'Prefer the simplest answer that meets the need, and say what can wait.',
  security:
    'Look at who could abuse it and what would be lost: trust borders, secrets, permissions, untrusted input, ' +
    'failure modes. Weigh each risk by likelihood and damage, and name the cheapest measure against it.',
};

/**
 * Merges the personas of one seat into one set of instructions.
 *
 * @param names - in the order in which they are to be read; doubles count once
 * @param custom - instructions of the run's own personas; a custom persona hides a built-in one of its name
 * @returns `ok: false` with every unknown name when there is one
 */
export function mergePersonas(
  names: readonly string[],
  custom: Readonly<Record<string, string>>,
): MergedPersonas {
  const wanted = [...new Set(names)].map((name) => ({ name, text: instructionsOf(name, custom) }));
  const unknown = wanted.filter(({ text }) => text === undefined).map(({ name }) => name);
  if (unknown.length > 0) {
    const known = [...new Set([...builtInPersonas, ...Object.keys(custom)])].join(', ');
    const got = unknown.map((name) => JSON.stringify(name)).join(', ');
    return { ok: false, unknown, message: `personas: got ${got}, expected one of: ${known}` };
  }
  const instructions = wanted.map(({ name, text }) => `${name}: ${String(text)}`).join('\n');
  return { ok: true, instructions };
}

/**
 * Gives the personas of a seat for which none were asked.
 *
 * @param index - place of the seat in the request, from 0
 * @returns one built-in persona, in turn, so that neighbours differ
 */
export function defaultPersonas(index: number): readonly BuiltInPersona[] {
  const place = index % builtInPersonas.length;
  return builtInPersonas.slice(place, place + 1);
}

function instructionsOf(
  name: string,
  custom: Readonly<Record<string, string>>,
): string | undefined {
  if (Object.hasOwn(custom, name)) return custom[name];
  return Object.hasOwn(INSTRUCTIONS, name) ? INSTRUCTIONS[name as BuiltInPersona] : undefined;
}
