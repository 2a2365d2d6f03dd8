import { z } from '@hono/zod-openapi';

import {
  approvalAnswers,
  approvalPoints,
  approvalStates,
} from '../../domain/approvals/approval-terms.ts';
import { linksSchema } from './links.ts';
import { text } from './steering.ts';

const CHOICE_MAX = 20_000;
const COMMENT_MAX = 2_000;

/** What people are asked, and what became of it. */
export const approvalSchema = z
  .object({
    id: z.string().openapi({ example: 'c_01kajqpm9fh3gd8vmxq5ze2rtw.decision-1' }),
    collaboration: z.string(),
    approval: z.string().openapi({ description: 'Its name within the collaboration.' }),
    point: z.enum(approvalPoints),
    state: z.enum(approvalStates),
    question: z.string(),
    answers: z.array(z.enum(approvalAnswers)).openapi({ description: 'What may be answered.' }),
    onExpiry: z
      .enum(approvalAnswers)
      .openapi({ description: 'What holds when nobody answers in time.' }),
    requestedAt: z.string(),
    expiresAt: z.string(),
    settledAt: z
      .string()
      .nullable()
      .openapi({ description: 'When it was answered, expired or was withdrawn.' }),
    by: z.string().nullable().openapi({ description: 'Who answered; null where nobody did.' }),
    answer: z.enum(approvalAnswers).nullable(),
    choice: z.string().nullable().openapi({ description: 'The words of a reply or an edit.' }),
    comment: z.string().nullable(),
    remember: z.boolean(),
    links: linksSchema,
  })
  .openapi('Approval');

/** A page of approvals. */
export const approvalPageSchema = z
  .object({
    items: z.array(approvalSchema),
    next: z
      .string()
      .nullable()
      .openapi({ description: 'Hand it back as `cursor`; null on the last page.' }),
    links: linksSchema,
  })
  .openapi('ApprovalPage');

/** Body of an answer. */
export const approvalBody = z.strictObject({
  answer: z
    .enum(approvalAnswers, { error: `one of ${approvalAnswers.join(', ')}` })
    .openapi({ description: "One of the approval's `answers`." }),
  choice: text(CHOICE_MAX).optional().openapi({
    description:
      'With `reply` its words. With `edit` the answer that decides: an option in its words, or any text where answers are open.',
  }),
  remember: z.boolean({ error: 'true or false' }).optional().openapi({
    description:
      'Whether it also holds after later rounds of this run. Of no effect but after a round: a run comes to all else once.',
  }),
  comment: text(COMMENT_MAX).optional().openapi({ description: 'Kept beside the answer.' }),
});
