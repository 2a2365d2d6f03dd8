import type { Fact, TurnFact } from '../../domain/collaboration/fact.ts';
import { canonicalJson } from '../../domain/ledger/canonical.ts';
import { eventOf } from '../../domain/ledger/event.ts';
import { forgottenIn } from '../../domain/ledger/resumption.ts';
import type { Forgotten } from '../../domain/ledger/resumption.ts';
import type { Database, Transaction } from '../database/connection.ts';
import { eventForm } from './event-form.ts';
import { readEvents, wholeStream } from './event-rows.ts';
import type { GroupCommit, OperationResult } from './group-commit.ts';
import { isClosing, limitsAfter, statusAfter, storedWordsOf } from './recorded-facts.ts';
import type { IdentifiedFact } from './recorded-facts.ts';
import type { RunStoreDeps } from './store-deps.ts';
import { factIn, turnFactIn, type StoredEvent } from './stored-event.ts';
import { endTurn } from './turn-settling.ts';

/** What it takes to record what a workflow decided. */
export interface RecordInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly facts: readonly IdentifiedFact[];
  /** Turns that the workflow still waits for; they count when one of the facts closes (`round.closed`, `decision.reached`). */
  readonly awaited: readonly string[];
  /** How many of the run's own facts (all but those of turns) the workflow knows; without it nothing is checked. */
  readonly known?: number;
  readonly time: string;
  readonly source: string;
}

/** What recording came to. */
export type RecordResult =
  | { readonly kind: 'recorded' }
  /** Other facts stand under these ids, and they are right: nothing was recorded. None where the workflow knows them. */
  | { readonly kind: 'replaced'; readonly facts: readonly Fact[] }
  /** The ledger has more than the workflow knows: nothing was recorded, fold it in and ask what is outstanding first. */
  | ({ readonly kind: 'behind'; readonly outstanding: readonly string[] } & Forgotten)
  /** Awaited turns were settled meanwhile: nothing was recorded, fold these in first. */
  | { readonly kind: 'missed'; readonly facts: readonly TurnFact[] };

/** Appends what a workflow decided, see `TurnStore.recordFacts`. */
export async function recordFacts(
  { database, groupCommit }: RunStoreDeps,
  input: RecordInput,
): Promise<RecordResult> {
  const [first] = input.facts;
  if (first !== undefined && 'turn' in first.fact) {
    return await settleGivenUp(groupCommit, input, first.fact);
  }
  const texts = await storedTexts(database, input);
  const status = statusAfter(input.facts);
  const limits = limitsAfter(input.facts);
  const result = await groupCommit.perform(input.tenantId, {
    k: 'record',
    s: input.collaborationId,
    awaited: input.awaited,
    isClosing: isClosing(input.facts),
    ...(input.known === undefined ? {} : { known: input.known }),
    ...(status === undefined ? {} : { status }),
    ...(limits === undefined ? {} : { limits }),
    ev: input.facts.map(({ id, fact, content }) => {
      const about = { id, source: input.source, subject: input.collaborationId, time: input.time };
      const event = eventOf(fact, { ...about, content: content ?? wordsFor(fact, texts) });
      return eventForm(event, input.collaborationId);
    }),
  });
  return result.k === 'behind' ? await behind(database, input) : recordResult(result);
}

async function behind(database: Database, input: RecordInput): Promise<RecordResult> {
  const { tenantId, collaborationId, known = 0 } = input;
  return await database.withTenant(tenantId, async (sql) => {
    const events = await readEvents(sql, { tenantId, stream: collaborationId, ...wholeStream });
    const outstanding = await readOutstanding(sql, tenantId, collaborationId);
    return { kind: 'behind', ...forgottenIn(events, known), outstanding };
  });
}

/** Reads the turns of a run that were asked and have not ended. */
export async function readOutstanding(
  sql: Transaction,
  tenantId: string,
  collaborationId: string,
): Promise<string[]> {
  const rows = await sql<{ turn: string }[]>`
    select turn from conclave.turns
    where tenant_id = ${tenantId} and collaboration_id = ${collaborationId} and settled_seq is null
    order by turn`;
  return rows.map(({ turn }) => turn);
}

/** A turn that its workflow gave up on may have been settled after all, and else ends whoever asks for it. */
async function settleGivenUp(
  groupCommit: GroupCommit,
  input: RecordInput,
  fact: TurnFact,
): Promise<RecordResult> {
  const { turn, task, round, seat } = fact;
  const ending = { ...input, turn: { turn, task, round, seat }, outcome: { fact, content: null } };
  const stands = await endTurn(groupCommit, ending);
  return canonicalJson(stands) === canonicalJson(fact)
    ? { kind: 'recorded' }
    : { kind: 'replaced', facts: [stands] };
}

function recordResult(result: OperationResult): RecordResult {
  const events = (result['events'] ?? []) as StoredEvent[];
  if (result.k === 'missed') return { kind: 'missed', facts: events.map(turnFactIn) };
  return result.k === 'known'
    ? { kind: 'replaced', facts: events.map(factIn) }
    : { kind: 'recorded' };
}

function wordsFor(
  fact: Fact,
  texts: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> | undefined {
  const words = Object.entries(storedWordsOf(fact)).flatMap(([name, id]) => {
    const text = texts.get(id);
    return text === undefined ? [] : [[name, text] as const];
  });
  return words.length === 0 ? undefined : Object.fromEntries(words);
}

async function storedTexts(
  database: Database,
  { tenantId, collaborationId, facts }: RecordInput,
): Promise<Map<string, string>> {
  const ids = facts.flatMap(({ fact }) => Object.values(storedWordsOf(fact)));
  if (ids.length === 0) return new Map();
  const rows = await database.withTenant(
    tenantId,
    (sql) => sql<{ id: string; text: string }[]>`
      select id, text from conclave.messages
      where tenant_id = ${tenantId} and collaboration_id = ${collaborationId} and id in ${sql(ids)}`,
  );
  return new Map(rows.map(({ id, text }) => [id, text]));
}
