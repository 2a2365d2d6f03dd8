import { createRoute } from '@hono/zod-openapi';
import type { z } from '@hono/zod-openapi';

import { jsonBody } from '../request-body.ts';
import { answers, bodyProblems, keyedProblems } from '../routes.ts';
import { collaborationParams, idempotencyHeaders } from '../schemas/parameters.ts';
import {
  budgetBody,
  cancelBody,
  closeBody,
  messageBody,
  nothingBody,
  participantBody,
  steeredSchema,
} from '../schemas/steering.ts';

const problems = keyedProblems(
  ...bodyProblems,
  'not-found',
  'collaboration-ended',
  'conflict',
  'idempotency-key-reused',
  'already-paused',
  'not-paused',
  'temporal-unavailable',
);

/** Describes a route that steers a run; `name` is the last part of its path. */
function route<Name extends string, Body extends z.ZodObject>(
  step: { name: Name; summary: string; description: string; isBodyNeeded: boolean },
  body: Body,
) {
  return createRoute({
    method: 'post',
    path: `/v1/collaborations/{id}/${step.name}`,
    operationId: step.name,
    summary: step.summary,
    description: `${step.description} Answers once the run has done it.`,
    middleware: jsonBody({ isOptional: !step.isBodyNeeded }),
    request: {
      params: collaborationParams,
      headers: idempotencyHeaders,
      body: {
        content: { 'application/json': { schema: body } },
        required: step.isBodyNeeded,
      },
    },
    responses: { 200: answers('Done.', steeredSchema), ...problems },
  });
}

/** The routes that steer a run, by the last part of their path. */
export const steeringRoutes = {
  pause: route(
    {
      name: 'pause',
      summary: 'Pause a run',
      description: 'No further model is asked; calls that are under way are finished and kept.',
      isBodyNeeded: false,
    },
    nothingBody,
  ),
  resume: route(
    { name: 'resume', summary: 'Resume a run', description: 'It goes on.', isBodyNeeded: false },
    nothingBody,
  ),
  cancel: route(
    {
      name: 'cancel',
      summary: 'Cancel a run',
      description: 'It ends without a decision, keeps what it has and settles what it owes.',
      isBodyNeeded: false,
    },
    cancelBody,
  ),
  close: route(
    {
      name: 'close',
      summary: 'Close the round',
      description: 'The open round, or the whole run, ends with the answers that are there.',
      isBodyNeeded: false,
    },
    closeBody,
  ),
  messages: route(
    {
      name: 'messages',
      summary: 'Say something to the participants',
      description: 'They read it from the next round on, as quoted text.',
      isBodyNeeded: true,
    },
    messageBody,
  ),
  participants: route(
    {
      name: 'participants',
      summary: 'Add a participant',
      description: 'It takes part from the next round on.',
      isBodyNeeded: true,
    },
    participantBody,
  ),
  budget: route(
    {
      name: 'budget',
      summary: 'Change the budget',
      description: 'The new limits, not the difference; none below what is spent.',
      isBodyNeeded: true,
    },
    budgetBody,
  ),
};
