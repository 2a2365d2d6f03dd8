import type { FactOf, FactType } from '../collaboration/fact.ts';
import type { LedgerEvent } from '../ledger/event.ts';
import { isSandboxEvent } from '../sandbox/run-fact.ts';

/** Type of the notice that only shows that a webhook works; no event of a ledger has it. */
export const testedType = 'conclave.webhook.tested.v1';

/** Fields of facts that stay out beside every content: the plan, which has no bound, and what a person wrote. */
const leftOut = {
  'collaboration.opened': ['plan'],
  'collaboration.cancelled': ['reason'],
} as const satisfies { readonly [T in FactType]?: readonly (keyof FactOf<T>)[] };

const leftOutByType = new Map<string, readonly string[]>([
  ...Object.entries(leftOut).map(
    ([type, names]) => [`conclave.${type}.v1`, names] as [string, readonly string[]],
  ),
  ['conclave.sandbox.cancelled.v1', ['reason']],
  ['conclave.sandbox.ended.v1', ['reason', 'files', 'filesLeftOut']],
]);

/** What a webhook is told, in the form of Standard Webhooks: type, time and data. The receiver fetches the rest. */
export interface Notice {
  readonly type: string;
  /** When it happened: RFC 3339, UTC, milliseconds. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Tells of an event, without a word of any participant or of whoever steers.
 *
 * @param event - as the ledger has it; its hash covers what is left out here too
 */
export function noticeOf(event: LedgerEvent): Notice {
  const { type, time, stream, seq } = event;
  const out = ['content', ...(leftOutByType.get(type) ?? [])];
  const kept = Object.entries(event.data).filter(([name]) => !out.includes(name));
  const [of, path] = isSandboxEvent(type)
    ? (['sandboxRun', '/v1/sandbox/runs'] as const)
    : (['collaboration', '/v1/collaborations'] as const);
  const self = `${path}/${stream}`;
  const approval = event.data['approval'];
  return {
    type,
    timestamp: time,
    data: {
      [of]: stream,
      seq,
      event: { ...event, data: Object.fromEntries(kept) },
      links: {
        [of]: self,
        event: `${self}/events?after=${String(seq - 1)}&limit=1`,
        ...(typeof approval === 'string' && { approval: `/v1/approvals/${stream}.${approval}` }),
      },
    },
  };
}

/**
 * Makes the notice of a test.
 *
 * @param webhook - id of the webhook
 * @param timestamp - when it was asked for; RFC 3339, UTC, milliseconds
 */
export function testNotice(webhook: string, timestamp: string): Notice {
  return {
    type: testedType,
    timestamp,
    data: { webhook, links: { webhook: `/v1/webhooks/${webhook}` } },
  };
}
