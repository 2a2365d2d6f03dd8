import type { z } from '@hono/zod-openapi';

import type { ApprovalRow } from '../infra/stores/approval-store.ts';
import { linksOf } from './collaboration-view.ts';
import { isCollaborationId } from './schemas/parameters.ts';
import type { approvalSchema } from './schemas/approval.ts';

const SEPARATOR = '.';
/** How an approval is named within its run. */
const NAME = /^[a-z]+-[0-9]{1,3}$/;

/** What names an approval within a tenant. */
export type ApprovalName = Pick<ApprovalRow, 'collaborationId' | 'approval'>;

/** Gives the id of an approval: `<collaboration>.<name>`. */
export function approvalId({ collaborationId, approval }: ApprovalName): string {
  return `${collaborationId}${SEPARATOR}${approval}`;
}

/**
 * Reads the id of an approval.
 *
 * @returns `undefined` for what cannot be one
 */
export function nameIn(id: string): ApprovalName | undefined {
  const [collaborationId = '', approval = '', ...rest] = id.split(SEPARATOR);
  const isName = rest.length === 0 && isCollaborationId(collaborationId) && NAME.test(approval);
  return isName ? { collaborationId, approval } : undefined;
}

/** Shows an approval. */
export function approvalView(row: ApprovalRow): z.input<typeof approvalSchema> {
  const { collaborationId, words, answers, ...rest } = row;
  const id = approvalId(row);
  const { self = '' } = linksOf(collaborationId);
  return {
    id,
    collaboration: collaborationId,
    ...rest,
    answers: [...answers],
    choice: words,
    links: { self: `/v1/approvals/${id}`, collaboration: self },
  };
}
