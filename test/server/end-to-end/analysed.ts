import type { PartReport } from '../../../domain/collaboration/decision.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import type { House, Shown } from './house.ts';
import { brokenPromises } from './promises.ts';
import { ScriptedProvider, type Asked, type Script, type Scripted } from './scripted-provider.ts';

/** A part as a scripted chair proposes it. */
export interface Proposed {
  readonly question: string;
  readonly kind: string;
  readonly after?: readonly string[];
}

/** An entry of the list of collaborations, as far as these tests look. */
export interface Listed {
  readonly id: string;
  readonly status: string;
  readonly parent: { readonly collaborationId: string; readonly part: string } | null;
}

/** Three parts, of which the last needs the first. */
export const threeParts: readonly Proposed[] = [
  { question: 'What does it cost a year?', kind: 'factual' },
  { question: 'Which way is the safest?', kind: 'security' },
  { question: 'What is done first?', kind: 'planning', after: ['p1'] },
];

/** Whether a call asks the chair to cut the question. */
export function isCutting({ fields }: Asked): boolean {
  return fields.includes('parts');
}

/** Whether a call asks the chair to write the whole answer. */
export function isWriting({ fields }: Asked): boolean {
  return fields.includes('contradictions');
}

/**
 * A provider whose chair cuts every question into these parts; all other calls are answered as the script says.
 *
 * @param parts - what it proposes
 * @param script - answers the other calls
 */
export async function cuttingProvider(
  parts: readonly Proposed[],
  script: Script = () => ({}),
): Promise<ScriptedProvider> {
  const proposal = parts.map((part) => ({ after: [], ...part }));
  return await ScriptedProvider.start((asked): Scripted | Promise<Scripted> =>
    isCutting(asked) ? { says: { parts: proposal } } : script(asked),
  );
}

/** The parts of an analysis as the list shows them, by name. */
export async function partsOf(house: House, id: string): Promise<readonly Listed[]> {
  const { body } = await house.call<{ items: readonly Listed[] }>(
    `/v1/collaborations?parent=${id}`,
  );
  return body.items.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

/** The parts of an analysis as its decision tells them. */
export function reported({ decision }: Shown): readonly PartReport[] {
  return decision?.parts ?? [];
}

/** Everything that is wrong with an analysis that has ended, and with its parts; empty when all promises hold. */
export async function brokenAnalysis(house: House, shown: Shown): Promise<readonly string[]> {
  const parts = await partsOf(house, shown.id);
  const all = await Promise.all(
    parts.map(async ({ id }) => (await house.call<Shown>(`/v1/collaborations/${id}`)).body),
  );
  const faults = await Promise.all(
    [shown, ...all].map(async (run) =>
      (await brokenPromises(house, run)).map((fault) => `${run.id}: ${fault}`),
    ),
  );
  return [...faults.flat(), ...sumFaults(shown, await house.events(shown.id), all)];
}

/** What the parts have used is what the whole says that they used, and no share was exceeded. */
function sumFaults(
  { budget }: Shown,
  events: readonly LedgerEvent[],
  parts: readonly Shown[],
): readonly string[] {
  const own = events.flatMap(({ type, data }) =>
    type === 'conclave.part.ended.v1' ? [] : [tokensIn(data)],
  );
  const tokens = sum(own) + sum(parts.map((part) => part.budget.settled.tokens));
  const told = budget.settled.tokens;
  const over = parts.filter(
    ({ budget: { limits, settled } }) => limits.tokens !== null && settled.tokens > limits.tokens,
  );
  return [
    ...(tokens === told ? [] : [`settled ${String(told)} tokens, calls used ${String(tokens)}`]),
    ...over.map(({ id }) => `${id}: used more than its share`),
  ];
}

function tokensIn(data: LedgerEvent['data']): number {
  const usage = data['usage'] as Readonly<Record<string, number | null>> | undefined;
  const charged = data['charged'] as { tokens: number } | undefined;
  const { inputTokens = 0, outputTokens = 0 } = usage ?? {};
  return charged?.tokens ?? (inputTokens ?? 0) + (outputTokens ?? 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
