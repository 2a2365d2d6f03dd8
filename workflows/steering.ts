import type { UpdateDefinition } from '@temporalio/common';
import { setHandler } from '@temporalio/workflow';

import type { Fact } from '../domain/collaboration/fact.ts';
import type { BudgetLimits, Seat } from '../domain/collaboration/plan.ts';
import {
  addMessageUpdate,
  addParticipantUpdate,
  cancelUpdate,
  catchUpSignal,
  closeUpdate,
  pauseUpdate,
  raiseBudgetUpdate,
  resumeUpdate,
  stateQuery,
  type Steered,
} from './messages.ts';
import { registerApprovals } from './approvals.ts';
import { heedParent } from './heeding.ts';
import { refuse, refuseEnded, statusOf } from './refusals.ts';
import { catchUp, recordCaused, wasRecorded, type Run } from './run.ts';
import { updateName } from './update-name.ts';

/** Lets people steer the run. Every validator is synchronous and refuses what makes no sense in this state. */
export function registerSteering(run: Run): void {
  setHandler(stateQuery, () => run.state);
  setHandler(catchUpSignal, () => catchUp(run));
  registerApprovals(run);
  heedParent(run);
  // Seats that were given while their fact is still being recorded: they are taken all the same.
  const given = new Set<string>();
  on(run, pauseUpdate, {
    fact: ({ by }) => ({ type: 'collaboration.paused', by }),
    validate: () => {
      if (run.state.isPaused) refuse('already-paused', 'the run is paused already');
    },
  });
  on(run, resumeUpdate, {
    fact: ({ by }) => ({ type: 'collaboration.resumed', by }),
    validate: () => {
      if (!run.state.isPaused) refuse('not-paused', 'the run is not paused');
    },
  });
  on(run, cancelUpdate, {
    fact: ({ by, reason }) => ({ type: 'collaboration.cancelled', by, reason }),
  });
  on(run, closeUpdate, {
    fact: ({ by, scope = 'round' }) => ({ type: 'closing.requested', by, scope }),
  });
  on(run, addMessageUpdate, {
    fact: ({ by, messageId }) => ({ type: 'message.added', by, messageId }),
  });
  on(run, addParticipantUpdate, {
    fact: ({ by, seat }) => ({ type: 'participant.added', by, seat }),
    validate: ({ seat }) => {
      refuseTaken(run, seat, given);
    },
    accepted: ({ seat }) => {
      given.add(seat.seat);
    },
  });
  on(run, raiseBudgetUpdate, {
    fact: ({ by, budget }) => ({ type: 'budget.raised', by, budget }),
    validate: ({ budget }) => {
      refuseLowered(run, budget);
    },
  });
}

/** What an update is in the ledger, and when it makes no sense. */
interface Steering<Input> {
  fact(input: Input): Fact;
  validate?(input: Input): void;
  /** Called before anything is awaited, so that the next validation knows of it. */
  accepted?(input: Input): void;
}

function on<Input>(
  run: Run,
  update: UpdateDefinition<Steered, [Input]>,
  steering: Steering<Input>,
): void {
  setHandler<Steered, [Input], UpdateDefinition<Steered, [Input]>>(
    update,
    (input) => {
      steering.accepted?.(input);
      return steer(run, steering.fact(input));
    },
    {
      validator: (input) => {
        if (wasRecorded(run, updateName())) return;
        if (statusOf(run) === 'ended') refuseEnded();
        steering.validate?.(input);
      },
    },
  );
}

async function steer(run: Run, fact: Fact): Promise<Steered> {
  if (!(await recordCaused(run, updateName(), fact))) refuseEnded();
  return { status: statusOf(run) };
}

function refuseTaken(run: Run, { seat }: Seat, given: ReadonlySet<string>): void {
  const isTaken = given.has(seat) || run.state.seats.some(({ seat: name }) => name === seat);
  if (isTaken) refuse('conflict', `seat: got ${seat}, expected one that is free`);
}

function refuseLowered(run: Run, budget: BudgetLimits): void {
  const { tokens, microsUsd } = run.state.spent;
  const isBelow =
    (budget.tokens !== null && budget.tokens < tokens) ||
    (budget.microsUsd !== null && budget.microsUsd < microsUsd);
  if (isBelow) refuse('conflict', 'budget: got less than is spent, expected more');
}
