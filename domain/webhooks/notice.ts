import type { LedgerEvent } from '../ledger/event.ts';

/** Type of the notice that only shows that a webhook works; no event of a ledger has it. */
export const testedType = 'conclave.webhook.tested.v1';

/** Fields of an event's data that stay out: what participants said, and the plan, which has no bound. */
const leftOut: readonly string[] = ['content', 'plan'];

/** What a webhook is told, in the form of Standard Webhooks: type, time and data. The receiver fetches the rest. */
export interface Notice {
  readonly type: string;
  /** When it happened: RFC 3339, UTC, milliseconds. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Tells of an event, without a word of any participant.
 *
 * @param event - as the ledger has it; its hash covers what is left out here too
 */
export function noticeOf(event: LedgerEvent): Notice {
  const { type, time, stream, seq } = event;
  const kept = Object.entries(event.data).filter(([name]) => !leftOut.includes(name));
  const collaboration = `/v1/collaborations/${stream}`;
  const approval = event.data['approval'];
  return {
    type,
    timestamp: time,
    data: {
      collaboration: stream,
      seq,
      event: { ...event, data: Object.fromEntries(kept) },
      links: {
        collaboration,
        event: `${collaboration}/events?after=${String(seq - 1)}&limit=1`,
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
