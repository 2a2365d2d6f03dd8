import type { ApiDeps } from '../../api/ports.ts';
import type { NewEvent } from '../../domain/ledger/event.ts';
import type { Collaboration, NewCollaboration } from '../../infra/stores/collaboration-store.ts';

/** What a test may look into and change. */
export interface CollaborationBook {
  /** By tenant and id. */
  readonly rows: Map<string, Collaboration>;
  readonly messages: { messageId: string; text: string }[];
  append(tenantId: string, stream: string, event: Partial<NewEvent>): void;
}

/** Keeps collaborations, their keys and what people said to them in memory. */
export function createFakeCollaborations(book: CollaborationBook): ApiDeps['collaborations'] {
  const idempotency = new Map<string, { sha256: string; id: string }>();
  return {
    create: (input) => {
      const used = idempotency.get(`${input.tenantId}/${input.idempotency?.key ?? ''}`);
      if (input.idempotency !== null && used !== undefined) {
        const kind = used.sha256 === input.idempotency.requestSha256 ? 'replayed' : 'conflict';
        return Promise.resolve({ kind, collaborationId: used.id });
      }
      if (input.idempotency !== null) {
        const { key, requestSha256: sha256 } = input.idempotency;
        idempotency.set(`${input.tenantId}/${key}`, { sha256, id: input.collaborationId });
      }
      book.rows.set(`${input.tenantId}/${input.collaborationId}`, rowOf(input));
      for (const event of input.events) book.append(input.tenantId, input.collaborationId, event);
      return Promise.resolve({ kind: 'created' });
    },
    get: (tenantId, id) => Promise.resolve(book.rows.get(`${tenantId}/${id}`)),
    getByKey: (tenantId, key) => {
      const used = idempotency.get(`${tenantId}/${key}`);
      return Promise.resolve(used && { collaborationId: used.id, requestSha256: used.sha256 });
    },
    list: ({ tenantId, limit, cursor, status }) =>
      Promise.resolve(
        [...book.rows]
          .filter(([key]) => key.startsWith(`${tenantId}/`))
          .map(([, row]) => row)
          .filter((row) => status === undefined || row.status === status)
          .sort((one, other) => (one.collaborationId < other.collaborationId ? 1 : -1))
          .filter((row) => cursor === undefined || row.collaborationId < cursor.collaborationId)
          .slice(0, limit),
      ),
    markRunning: ({ tenantId, collaborationId }) => {
      const key = `${tenantId}/${collaborationId}`;
      const row = book.rows.get(key);
      if (row?.status === 'queued') book.rows.set(key, { ...row, status: 'running' });
      return Promise.resolve();
    },
    queuedOlderThan: () =>
      Promise.resolve(
        [...book.rows]
          .filter(([, row]) => row.status === 'queued')
          .map(([key, row]) => ({
            tenantId: key.split('/')[0] ?? '',
            collaborationId: row.collaborationId,
          })),
      ),
    underWay: (after, limit) =>
      Promise.resolve(
        [...book.rows]
          .flatMap(([key, { collaborationId, pattern, status, createdAt }]) => {
            const isUnderWay = status === 'running' || status === 'paused';
            const tenantId = key.split('/')[0] ?? '';
            return isUnderWay ? [{ tenantId, collaborationId, pattern, status, createdAt }] : [];
          })
          .sort((one, other) => (one.collaborationId < other.collaborationId ? -1 : 1))
          .filter((run) => after === undefined || run.collaborationId > after.collaborationId)
          .slice(0, limit),
      ),
    addMessage: ({ messageId, text }) => {
      const isNew = book.messages.every((message) => message.messageId !== messageId);
      if (isNew) book.messages.push({ messageId, text });
      return Promise.resolve(true);
    },
    getMessage: ({ messageId }) => {
      const kept = book.messages.find((message) => message.messageId === messageId);
      return Promise.resolve(kept && { ...kept, author: '/users/a', createdAt: '' });
    },
  };
}

function rowOf(input: NewCollaboration): Collaboration {
  return {
    collaborationId: input.collaborationId,
    pattern: input.plan.pattern,
    status: 'queued',
    question: input.question.slice(0, 200),
    createdAt: input.createdAt,
    startedAt: null,
    endedAt: null,
    decision: null,
    simulated: false,
    request: input.request,
    plan: input.plan,
    estimate: input.estimate,
    recordSha256: null,
    transcriptSha256: null,
    budget: {
      limits: input.plan.budget,
      reserved: { tokens: 0, microsUsd: 0 },
      settled: { tokens: 0, microsUsd: 0 },
    },
  };
}
