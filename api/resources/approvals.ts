import { createHash, randomUUID } from 'node:crypto';

import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';

import {
  approvalPoints,
  approvalStates,
  type ApprovalReply,
} from '../../domain/approvals/approval-terms.ts';
import { choiceOfPerson } from '../../domain/approvals/choice.ts';
import { readRun } from '../../domain/ledger/run-reading.ts';
import { shown } from '../../domain/planning/fault.ts';
import type { ApprovalRow } from '../../infra/stores/approval-store.ts';
import { approvalId, approvalView, nameIn } from '../approval-view.ts';
import type { Api, ApiEnv } from '../context.ts';
import type { ListPosition } from '../list-cursor.ts';
import { given, pageQuery, readNewestFirst } from '../newest-first.ts';
import type { ApiDeps } from '../ports.ts';
import type { ProblemCode } from '../problem-codes.ts';
import { notFound, Problem } from '../problem.ts';
import { jsonBody } from '../request-body.ts';
import { answers, bodyProblems, invalidRequest, keyedProblems } from '../routes.ts';
import { approvalBody, approvalPageSchema, approvalSchema } from '../schemas/approval.ts';
import { idempotencyHeaders } from '../schemas/parameters.ts';
import { answeredBefore, ended } from '../steering-problems.ts';
import { readTexts } from '../transcript.ts';
import { keepMessage } from './contributions.ts';
import { findSteerable, keyOf, steer } from './steering.ts';
import type { SteeringDeps } from './steering.ts';

const params = z.object({
  id: z.string().openapi({
    param: { name: 'id', in: 'path' },
    example: 'c_01kajqpm9fh3gd8vmxq5ze2rtw.decision-1',
  }),
});

const listRoute = createRoute({
  method: 'get',
  path: '/v1/approvals',
  operationId: 'listApprovals',
  summary: 'List what people are asked, newest first',
  request: {
    query: z.strictObject({
      state: z.enum(approvalStates).optional(),
      point: z.enum(approvalPoints).optional(),
      collaboration: z.string().optional(),
      ...pageQuery,
    }),
  },
  responses: { 200: answers('A page.', approvalPageSchema), ...keyedProblems('cursor-invalid') },
});

const getRoute = createRoute({
  method: 'get',
  path: '/v1/approvals/{id}',
  operationId: 'getApproval',
  summary: 'Show what people are asked',
  request: { params },
  responses: { 200: answers('The approval.', approvalSchema), ...keyedProblems('not-found') },
});

const answerRoute = createRoute({
  method: 'post',
  path: '/v1/approvals/{id}',
  operationId: 'answerApproval',
  summary: 'Answer what people are asked, once',
  description: 'Answers once the run has it. Whoever comes second gets 409 with who was first.',
  middleware: jsonBody(),
  request: {
    params,
    headers: idempotencyHeaders,
    body: { content: { 'application/json': { schema: approvalBody } }, required: true },
  },
  responses: {
    200: answers('Answered.', approvalSchema),
    ...keyedProblems(
      ...bodyProblems,
      'not-found',
      'conflict',
      'collaboration-ended',
      'idempotency-key-reused',
      'artifacts-unavailable',
      'temporal-unavailable',
    ),
  },
});

/** Adds the routes that show and answer approvals. */
export function addApprovals(api: Api, deps: SteeringDeps): void {
  api.openapi(listRoute, async (c) => {
    const { cursor, limit, collaboration: collaborationId, ...filters } = c.req.valid('query');
    const page = await readNewestFirst(
      c.req.url,
      { cursor, limit },
      {
        isId: (text) => nameIn(text) !== undefined,
        read: async (after, most) =>
          await deps.approvals.list({
            tenantId: c.get('tenantId'),
            ...given({ ...filters, collaborationId, after: after && storedPlaceOf(after) }),
            limit: most,
          }),
        placeOf: (row) => ({ createdAt: row.requestedAt, id: approvalId(row) }),
        viewOf: approvalView,
      },
    );
    return c.json(page, 200);
  });
  api.openapi(getRoute, async (c) => {
    const row = await findApproval(deps, c.get('tenantId'), c.req.valid('param').id);
    return c.json(approvalView(row), 200);
  });
  api.openapi(answerRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { id } = c.req.valid('param');
    const row = await findApproval(deps, tenantId, id);
    const body = c.req.valid('json');
    await answerOnce(c, deps, { row, body }).catch(async (error: unknown) => {
      throw await namingWhoWasFirst(deps, { tenantId, id }, error);
    });
    return c.json(approvalView(await findApproval(deps, tenantId, id)), 200);
  });
}

/** A position as the store names it. */
function storedPlaceOf({ createdAt, id }: ListPosition) {
  return { requestedAt: createdAt, ...(nameIn(id) ?? { collaborationId: '', approval: '' }) };
}

async function findApproval(
  deps: Pick<ApiDeps, 'approvals'>,
  tenantId: string,
  id: string,
): Promise<ApprovalRow> {
  const name = nameIn(id);
  const row = name && (await deps.approvals.get(tenantId, name));
  if (row === undefined) throw notFound('approval', id);
  return row;
}

/** Whoever lost a race hears who was first, also where the run has ended since. */
async function namingWhoWasFirst(
  deps: Pick<ApiDeps, 'approvals'>,
  { tenantId, id }: { tenantId: string; id: string },
  error: unknown,
): Promise<unknown> {
  const isLate = error instanceof Problem && lateCodes.includes(error.code);
  if (!isLate) return error;
  const row = await findApproval(deps, tenantId, id);
  return row.state === 'answered' || row.state === 'expired' ? answeredBefore(row) : error;
}

const lateCodes: readonly ProblemCode[] = ['conflict', 'collaboration-ended'];

interface Answering {
  readonly row: ApprovalRow;
  readonly body: z.output<typeof approvalBody>;
}

/** Sends an answer to its run, unless the same key did so before. */
async function answerOnce(
  c: Context<ApiEnv>,
  deps: SteeringDeps,
  { row, body }: Answering,
): Promise<void> {
  const { approval, collaborationId } = row;
  const { answer, remember = false } = body;
  const call = {
    step: `approvals/${approval}`,
    asked: { approval, answer, remember, ...wordIds(c, { row, body }) },
  };
  const found = await findSteerable(c, deps, call, collaborationId);
  if (found.recorded === undefined) {
    if (row.state === 'withdrawn') throw ended(collaborationId, found.run.status);
    if (row.state !== 'pending') throw answeredBefore(row);
  }
  const reply = await replyFor(c, deps, { row, body }, call.asked);
  await steer(c, deps, {
    ...call,
    ...found,
    send: (target, by) => deps.engine.answerApproval(target, { ...reply, by }),
  });
}

/** The same key gives the same ids, under which the words are stored once. */
function wordIds(
  c: Context<ApiEnv>,
  { row, body }: Answering,
): Pick<ApprovalReply, 'textId' | 'commentId'> {
  const prefix = `approvals/${row.approval}/${keyOf(c) ?? randomUUID()}`;
  return {
    ...(body.choice === undefined ? {} : { textId: `${prefix}/text` }),
    ...(body.comment === undefined ? {} : { commentId: `${prefix}/comment` }),
  };
}

/**
 * Turns a body into what the run takes, and stores its words before the run hears of them.
 *
 * @throws `Problem` `input-invalid` for an answer that this approval does not take
 */
async function replyFor(
  c: Context<ApiEnv>,
  deps: SteeringDeps,
  { row, body }: Answering,
  asked: Omit<ApprovalReply, 'by' | 'choice'>,
): Promise<Omit<ApprovalReply, 'by'>> {
  refuseMisfit(row, body);
  const { answer, choice: said = '', comment } = body;
  const { collaborationId } = row;
  const chosen =
    answer === 'edit' ? await chosenBy(c, deps, row, said) : { key: null, words: said };
  const { textId, commentId } = asked;
  if (textId !== undefined) {
    await keepMessage(c, deps, { collaborationId, messageId: textId, text: chosen.words });
  }
  if (commentId !== undefined && comment !== undefined) {
    await keepMessage(c, deps, { collaborationId, messageId: commentId, text: comment });
  }
  return { ...asked, choice: chosen.key };
}

function refuseMisfit(row: ApprovalRow, { answer, choice }: Answering['body']): void {
  if (!row.answers.includes(answer)) {
    const expected = `one of ${row.answers.join(', ')}`;
    throw invalidRequest([{ field: 'answer', got: shown(answer), expected }]);
  }
  const needsWords = answer === 'reply' || answer === 'edit';
  if (needsWords === (choice !== undefined)) return;
  const expected = needsWords ? `the words of the ${answer}` : `none with ${answer}`;
  throw invalidRequest([{ field: 'choice', got: shown(choice), expected }]);
}

async function chosenBy(
  c: Context<ApiEnv>,
  deps: SteeringDeps,
  { collaborationId: stream }: ApprovalRow,
  said: string,
): Promise<{ key: string; words: string }> {
  const tenantId = c.get('tenantId');
  const events = await deps.ledger.readUpTo({ tenantId, stream });
  const run = readRun(events, await readTexts(deps, tenantId, events));
  const { state } = run;
  const chosen = choiceOfPerson(said, { state, wordsOf: (key) => run.wordsOf(key), sha256 });
  if (!chosen.ok) throw invalidRequest([chosen.fault]);
  return chosen;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
