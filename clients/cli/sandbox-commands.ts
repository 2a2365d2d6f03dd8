import type { SandboxRequest } from '../../domain/sandbox/run-request.ts';
import type { CommandContext } from './commands.ts';
import { CommandError } from './exit.ts';
import { jsonLine } from './printable.ts';
import { table } from './rendering.ts';

const runsPath = '/v1/sandbox/runs';
/** Longest wait that the API takes at once. */
const waitSeconds = 120;
const millisecondsPerSecond = 1000;

type ShownText = string | { readonly artifact: string; readonly bytes: number } | null;

/** A run of the API, as far as the command line shows it. */
interface ShownRun {
  readonly id: string;
  readonly lane: string;
  readonly status: string;
  readonly createdAt: string;
  readonly result?: {
    readonly reason: string;
    readonly exitCode: number | null;
    readonly value: ShownText;
    readonly stdout: ShownText;
    readonly stderr: ShownText;
    readonly diff: ShownText;
    readonly files: readonly {
      readonly path: string;
      readonly artifact: string;
      readonly bytes: number;
    }[];
    readonly durationMs: number;
    readonly backend: { readonly name: string } | null;
  } | null;
}

/** Runs something and shows what came of it. */
export async function run(context: CommandContext, body: SandboxRequest): Promise<void> {
  const answer = await context.client.json({
    method: 'POST',
    path: runsPath,
    body,
    headers: { prefer: `wait=${waitSeconds}` },
    timeoutMs: (waitSeconds + 10) * millisecondsPerSecond,
  });
  showRun(context, answer as ShownRun);
}

/** Shows a run. */
export async function showOne(context: CommandContext, id: string): Promise<void> {
  showRun(context, (await context.client.json({ path: pathOf(id) })) as ShownRun);
}

/** Lists runs, newest first. */
export async function list(
  context: CommandContext,
  filters: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const given = Object.entries(filters).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  );
  const query = new URLSearchParams(given).toString();
  const answer = await context.client.json({ path: query ? `${runsPath}?${query}` : runsPath });
  const { items, next } = answer as { items: readonly ShownRun[]; next: string | null };
  const rows = items.map(({ id, createdAt, lane, status }) => [id, createdAt, lane, status]);
  if (context.json) {
    context.printer.print(jsonLine(answer));
    return;
  }
  context.printer.print(rows.length === 0 ? 'none yet' : table(rows));
  if (next !== null) context.printer.note(`more: --cursor ${next}`);
}

/** Ends a run. */
export async function cancel(
  context: CommandContext,
  id: string,
  reason: string | undefined,
): Promise<void> {
  const body = reason === undefined ? {} : { reason };
  const answer = await context.client.json({ method: 'POST', path: `${pathOf(id)}/cancel`, body });
  context.printer.print(context.json ? jsonLine(answer) : `${id}  is being ended`);
}

function pathOf(id: string): string {
  return `${runsPath}/${encodeURIComponent(id)}`;
}

function showRun({ printer, json }: CommandContext, shown: ShownRun): void {
  const { id, status, result } = shown;
  if (json) printer.print(jsonLine(shown));
  if (result === undefined || result === null) {
    if (!json) printer.print(`${id}  ${status}`);
    return;
  }
  if (!json) {
    for (const said of [result.stdout, result.value, result.diff]) printText(printer, said);
    noteText(printer, result.stderr);
    for (const { path, artifact, bytes } of result.files) {
      printer.note(`file ${path}: ${bytes} bytes, artifact ${artifact}`);
    }
    const backend = result.backend?.name ?? 'no backend';
    printer.note(`${id}  ${status} after ${Math.round(result.durationMs)} ms, ${backend}`);
  }
  if (status !== 'ok') throw new CommandError(`${status}: ${result.reason}`);
}

function printText(printer: CommandContext['printer'], text: ShownText): void {
  const said = saidIn(text);
  if (said !== '') printer.print(said);
}

function noteText(printer: CommandContext['printer'], text: ShownText): void {
  const said = saidIn(text);
  if (said !== '') printer.note(said);
}

function saidIn(text: ShownText): string {
  if (text === null) return '';
  if (typeof text !== 'string') return `(${text.bytes} bytes: artifact ${text.artifact})`;
  return text.replace(/\n$/, '');
}
