import { writeFile } from 'node:fs/promises';

import type { Decision } from '../../domain/collaboration/decision.ts';
import type { Pattern, Plan } from '../../domain/collaboration/plan.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import type { ApiClient } from './api-client.ts';
import { follow, type StreamedEvent } from './event-stream.ts';
import { CommandError } from './exit.ts';
import type { Printer } from './print.ts';
import { jsonLine, pretty, safeJson } from './printable.ts';
import {
  collaborationRow,
  decisionText,
  eventLine,
  table,
  type ListedCollaboration,
} from './rendering.ts';
import {
  calibrationText,
  resolutionText,
  type ShownCalibration,
  type ShownResolution,
} from './resolution-rendering.ts';
import { startBody, type StartOptions } from './start-request.ts';

/** What every command works with. */
export interface CommandContext {
  readonly client: ApiClient;
  readonly printer: Printer;
  /** Whether the answer goes to a program: JSON as the API gave it. */
  readonly json: boolean;
  /** Falls when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
}

const collaborationsPath = '/v1/collaborations';
const eventsPerPage = 500;
const waitGraceMs = 15_000;

/** Gives the path of a collaboration, or of a part of it. */
export function pathOf(id: string, part = ''): string {
  return `${collaborationsPath}/${encodeURIComponent(id)}${part === '' ? '' : `/${part}`}`;
}

/** How a start goes on after it was accepted. */
export interface StartChoices extends StartOptions {
  readonly follow?: boolean;
  /** Only shows plan and cost. */
  readonly estimate?: boolean;
  /** Waits for the decision, seconds. */
  readonly wait?: number;
  readonly idempotencyKey?: string;
}

/** Starts a collaboration, and follows it or waits for it where that was asked. */
export async function start(
  context: CommandContext,
  what: { readonly pattern: Pattern; readonly question: string },
  choices: StartChoices,
): Promise<void> {
  const body = await startBody(what.pattern, what.question, choices);
  const { client, printer } = context;
  if (choices.estimate === true) {
    const path = `${collaborationsPath}/estimate`;
    printer.print(pretty(await client.json({ method: 'POST', path, body })));
    return;
  }
  const answer = (await client.json({
    method: 'POST',
    path: collaborationsPath,
    body,
    headers: {
      ...(choices.idempotencyKey && { 'idempotency-key': choices.idempotencyKey }),
      ...(choices.wait === undefined ? {} : { prefer: `wait=${String(choices.wait)}` }),
    },
    ...(choices.wait === undefined ? {} : { timeoutMs: choices.wait * 1000 + waitGraceMs }),
  })) as StartAnswer;
  await showStarted(context, answer, choices.follow === true ? 0 : null);
}

interface StartAnswer {
  readonly id: string;
  readonly status: string;
  readonly decision?: Decision | null;
}

/** Follows what was started from an event on, or says what became of it. */
async function showStarted(
  context: CommandContext,
  answer: StartAnswer,
  followAfter: number | null,
): Promise<void> {
  const { printer } = context;
  if (followAfter !== null) {
    printer.note(answer.id);
    await followRun(context, answer.id, followAfter);
    return;
  }
  if (context.json) printer.print(pretty(answer));
  else printer.print(answer.decision ? decisionText(answer.decision) : startedText(answer));
}

function startedText({ id, status }: { readonly id: string; readonly status: string }): string {
  const next =
    status === 'paused'
      ? `let it go on:  npm run conclave -- resume ${id}`
      : `follow it:  npm run conclave -- follow ${id}`;
  return `${id}  ${status}\n${next}`;
}

/** What was said about a fork on the command line. */
export interface ForkChoices {
  readonly seq?: number;
  readonly at?: string;
  readonly rounds?: number;
  readonly tokens?: number;
  readonly usd?: number;
  readonly deadline?: string;
  readonly stopOnStability?: boolean;
  readonly paused?: boolean;
  readonly follow?: boolean;
  readonly idempotencyKey?: string;
}

/** Forks a collaboration, and follows what is new of the fork where that was asked. */
export async function fork(
  context: CommandContext,
  id: string,
  choices: ForkChoices,
): Promise<void> {
  const { seq, at, rounds, tokens, usd, deadline, stopOnStability, paused } = choices;
  const { follow: isFollowed = false, idempotencyKey } = choices;
  const budget = tokens === undefined && usd === undefined ? undefined : { tokens, usd };
  const answer = (await context.client.json({
    method: 'POST',
    path: pathOf(id, 'forks'),
    body: { seq, at, rounds, budget, deadline, stopOnStability, paused },
    headers: { ...(idempotencyKey && { 'idempotency-key': idempotencyKey }) },
  })) as StartAnswer & { readonly plan: Pick<Plan, 'origin'> };
  await showStarted(context, answer, isFollowed ? (answer.plan.origin?.events ?? 0) : null);
}

interface CollaborationPage {
  readonly items: readonly ListedCollaboration[];
  readonly next: string | null;
}

/** Lists collaborations, newest first. */
export async function list(
  context: CommandContext,
  filters: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const query = new URLSearchParams(
    Object.entries(filters).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as [string, string]],
    ),
  );
  const page = await context.client.json({ path: `${collaborationsPath}?${query.toString()}` });
  if (context.json) context.printer.print(pretty(page));
  else {
    const { items, next } = page as CollaborationPage;
    context.printer.print(
      items.length === 0 ? 'none yet' : table(items.map((item) => collaborationRow(item))),
    );
    if (next !== null) context.printer.note(`more with --cursor ${next}`);
  }
}

/** Shows what the API answers to a path. */
export async function show(context: CommandContext, path: string): Promise<void> {
  context.printer.print(pretty(await context.client.json({ path })));
}

/** Shows a list that the API answers, a line for each, by some of its fields. */
export async function showList(
  context: CommandContext,
  path: string,
  fields: readonly string[],
): Promise<void> {
  const page = await context.client.json({ path });
  if (context.json) {
    context.printer.print(pretty(page));
    return;
  }
  const { items } = page as { readonly items: readonly Readonly<Record<string, unknown>>[] };
  const rows = items.map((item) => fields.map((field) => cellOf(item[field])));
  context.printer.print(rows.length === 0 ? 'none' : table([fields, ...rows]));
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Shows the decision of a collaboration. */
export async function decision(context: CommandContext, id: string): Promise<void> {
  const answer = await context.client.json({ path: pathOf(id, 'decision') });
  context.printer.print(context.json ? pretty(answer) : decisionText(answer as Decision));
}

/** Saves a document as it came, byte for byte, or prints it. */
export async function fetchDocument(
  context: CommandContext,
  document: { readonly path: string; readonly accept: string; readonly output?: string },
): Promise<void> {
  const { path, accept, output } = document;
  const bytes = await context.client.bytes({ path, headers: { accept } });
  if (output === undefined || output === '-') {
    const text = new TextDecoder().decode(bytes).trimEnd();
    context.printer.print(accept === 'application/json' ? safeJson(text) : text);
    return;
  }
  await writeFile(output, bytes);
  context.printer.note(`${output}: ${String(bytes.length)} bytes`);
}

interface EventPage {
  readonly items: readonly LedgerEvent[];
  /** After which number the next page begins; null on the last one. */
  readonly next: number | null;
}

/** Prints every event of a collaboration so far; as JSON one a line, which `verify --events` reads. */
export async function events(
  context: CommandContext,
  id: string,
  options: { readonly output?: string },
): Promise<void> {
  const all: LedgerEvent[] = [];
  for (let after: number | null = 0; after !== null;) {
    const query = `after=${String(after)}&limit=${String(eventsPerPage)}`;
    const page = (await context.client.json({
      path: `${pathOf(id, 'events')}?${query}`,
    })) as EventPage;
    all.push(...page.items);
    after = page.next;
  }
  const asLines = context.json || options.output !== undefined;
  const lines = all.map((event) => (asLines ? jsonLine(event) : eventLine(event)));
  if (options.output === undefined) context.printer.print(lines.join('\n'));
  else {
    await writeFile(options.output, `${lines.join('\n')}\n`);
    context.printer.note(`${options.output}: ${String(lines.length)} events`);
  }
}

/** Follows a collaboration to its end, line by line, and shows its decision. */
export async function followRun(context: CommandContext, id: string, after: number): Promise<void> {
  const { client, printer, json, signal } = context;
  const onRetry = (attempt: number): void => {
    printer.note(`connection lost, trying again (${String(attempt)})`);
  };
  const stream = follow(client, { collaborationId: id, after, live: false, signal, onRetry });
  let isSealed = false;
  for await (const event of stream) {
    if (event.type === 'conclave.decision.sealed.v1') isSealed = true;
    printer.print(json ? jsonLine(event.data) : lineOf(event));
  }
  if (isSealed && !json) await decision(context, id);
  if (!isSealed && !signal.aborted) throw new CommandError(`${id} ended without a decision`);
}

function lineOf({ data }: StreamedEvent): string {
  return eventLine(data as LedgerEvent);
}

/** Steers a running collaboration and says what it answered. */
export async function steer(
  context: CommandContext,
  step: { readonly id: string; readonly name: string; readonly body: unknown },
): Promise<void> {
  const { id, name, body } = step;
  const answer = await context.client.json({ method: 'POST', path: pathOf(id, name), body });
  const { status } = answer as { readonly status?: string };
  context.printer.print(context.json ? pretty(answer) : `${id}  ${status ?? 'done'}`);
}

/** Says what turned out to be true, and shows who was right. */
export async function resolve(
  context: CommandContext,
  said: { readonly id: string; readonly answer: string; readonly note?: string },
): Promise<void> {
  const { id, ...body } = said;
  const answer = await context.client.json({
    method: 'POST',
    path: pathOf(id, 'resolution'),
    body,
  });
  context.printer.print(context.json ? pretty(answer) : resolutionText(answer as ShownResolution));
}

/** Shows how good the confidences of an agent were, and saves the plot of it where that was asked. */
export async function calibration(
  context: CommandContext,
  agent: string,
  options: { readonly plot?: string },
): Promise<void> {
  const path = `/v1/agents/${encodeURIComponent(agent)}/calibration`;
  if (options.plot !== undefined) {
    const accept = 'image/svg+xml';
    await fetchDocument(context, { path, accept, output: options.plot });
    return;
  }
  const answer = await context.client.json({ path });
  context.printer.print(
    context.json ? pretty(answer) : calibrationText(answer as ShownCalibration),
  );
}
