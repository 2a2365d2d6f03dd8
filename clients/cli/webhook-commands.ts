import type { CommandContext } from './commands.ts';
import { pretty } from './printable.ts';
import { table } from './rendering.ts';

const webhooksPath = '/v1/webhooks';

/** A webhook of the API, as far as the command line shows it. */
interface ShownWebhook {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly state: string;
  readonly failures: number;
  readonly previousSecretUntil: string | null;
  readonly secret?: string;
}

/** A delivery of the API, as far as the command line shows it. */
interface ShownDelivery {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly tries: number;
  readonly createdAt: string;
  readonly nextTryAt: string | null;
  readonly last: { readonly status: number | null; readonly error: string | null } | null;
}

/** Gives the path of a webhook, or of a part of it. */
export function webhookPath(id: string, ...parts: readonly string[]): string {
  return [webhooksPath, ...[id, ...parts].map(encodeURIComponent)].join('/');
}

/** Registers a webhook and shows its secret, which is not shown again. */
export async function register(
  context: CommandContext,
  body: {
    readonly url: string;
    readonly events: readonly string[];
    readonly description?: string;
  },
): Promise<void> {
  const answer = await context.client.json({ method: 'POST', path: webhooksPath, body });
  showWebhook(context, answer);
}

/** Lists webhooks in order of registration. */
export async function list(context: CommandContext): Promise<void> {
  const answer = await context.client.json({ path: webhooksPath });
  const { items } = answer as { readonly items: readonly ShownWebhook[] };
  const rows = items.map(({ id, state, url, events }) => [id, state, url, events.join(' ')]);
  show(context, answer, rows.length === 0 ? 'none yet' : table(rows));
}

/** Removes a webhook. */
export async function remove(context: CommandContext, id: string): Promise<void> {
  await context.client.send({ method: 'DELETE', path: webhookPath(id) });
  context.printer.print(context.json ? '{}' : `${id}  removed`);
}

/** Does a step with a webhook that answers it as it is then, perhaps with a new secret. */
export async function change(
  context: CommandContext,
  id: string,
  step: 'secret' | 'activation',
): Promise<void> {
  const path = webhookPath(id, step);
  showWebhook(context, await context.client.json({ method: 'POST', path }));
}

/** Has a notice sent, anew or again, and shows its delivery. */
export async function send(context: CommandContext, path: string): Promise<void> {
  const answer = await context.client.json({ method: 'POST', path });
  show(context, answer, deliveryRow(answer as ShownDelivery).join('  '));
}

/** Most requests that sending all dead notices again takes. */
const portionsMax = 100;

/** Has all dead notices sent again, a portion with each request. */
export async function sendDead(context: CommandContext, id: string): Promise<void> {
  let sum = 0;
  for (let portion = 0; portion < portionsMax; portion += 1) {
    const path = webhookPath(id, 'redelivery');
    const answer = await context.client.json({ method: 'POST', path });
    const { redelivered } = answer as { readonly redelivered: number };
    if (redelivered === 0) break;
    sum += redelivered;
  }
  show(context, { redelivered: sum }, `${String(sum)} sent again`);
}

/** Lists deliveries of a webhook, newest first. */
export async function deliveries(
  context: CommandContext,
  id: string,
  filters: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given as [string, string][]).toString();
  const answer = await context.client.json({ path: `${webhookPath(id, 'deliveries')}?${query}` });
  const { items, next } = answer as {
    readonly items: readonly ShownDelivery[];
    readonly next: string | null;
  };
  show(context, answer, items.length === 0 ? 'none' : table(items.map(deliveryRow)));
  if (!context.json && next !== null) context.printer.note(`more with --cursor ${next}`);
}

/** Shows a webhook. */
export async function showOne(context: CommandContext, id: string): Promise<void> {
  showWebhook(context, await context.client.json({ path: webhookPath(id) }));
}

function showWebhook(context: CommandContext, answer: unknown): void {
  const { id, state, url, events, failures, previousSecretUntil, secret } = answer as ShownWebhook;
  const lines = [
    `${id}  ${state}  ${url}`,
    `events: ${events.join(' ')}`,
    ...(failures > 0 ? [`failed tries in a row: ${String(failures)}`] : []),
    ...(previousSecretUntil === null ? [] : [`the old secret signs until ${previousSecretUntil}`]),
    ...(secret === undefined ? [] : [`secret, shown this once: ${secret}`]),
  ];
  show(context, answer, lines.join('\n'));
}

function deliveryRow(delivery: ShownDelivery): readonly string[] {
  const { id, state, tries, type, createdAt, nextTryAt, last } = delivery;
  const came = last === null ? '' : (last.error ?? `status ${String(last.status)}`);
  const next = nextTryAt === null ? '' : `next ${nextTryAt}`;
  const why = [came, next].filter((part) => part !== '').join(', ');
  return [createdAt, id, state, `${String(tries)} tries`, type, why];
}

function show({ printer, json }: CommandContext, answer: unknown, text: string): void {
  printer.print(json ? pretty(answer) : text);
}
