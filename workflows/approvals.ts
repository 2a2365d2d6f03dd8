import { CancellationScope, setHandler, sleep } from '@temporalio/workflow';

import { refusalOf } from '../domain/approvals/answering.ts';
import type { ApprovalReply } from '../domain/approvals/approval-terms.ts';
import { pendingIn } from '../domain/approvals/approvals.ts';
import { answerApprovalUpdate, type Steered } from './messages.ts';
import { refuse, refuseEnded, statusOf } from './refusals.ts';
import { recordCaused, wasRecorded, type Run } from './run.ts';
import { updateName } from './update-name.ts';

/** What was taken for an approval while its fact is still being recorded, and when. */
interface Taken {
  readonly what: string;
  readonly at: string;
}

/** Lets people answer what the run asks them. Of several answers to one approval the first that comes is taken. */
export function registerApprovals(run: Run): void {
  const taken = new Map<string, Taken>();
  setHandler(answerApprovalUpdate, (reply: ApprovalReply) => answer(run, taken, reply), {
    validator: (reply: ApprovalReply) => {
      if (wasRecorded(run, updateName())) return;
      if (statusOf(run) === 'ended') refuseEnded();
      const earlier = taken.get(reply.approval);
      if (earlier !== undefined) refuseSecond(reply.approval, earlier);
      const refusal = refusalOf(run.state, reply);
      if (refusal !== null) refuse(refusal.type, refusal.message);
      if (run.state.closing === 'run') refuseEnded();
    },
  });
}

function refuseSecond(approval: string, { what, at }: Taken): never {
  refuse('conflict', `approval ${approval} was ${what} at ${at}`);
}

async function answer(run: Run, taken: Map<string, Taken>, reply: ApprovalReply): Promise<Steered> {
  const { approval, by } = reply;
  // Before anything is awaited, so that the next validation knows of it.
  const mine = {
    what: `answered by ${by} with ${reply.answer}`,
    at: new Date(Date.now()).toISOString(),
  };
  taken.set(approval, mine);
  const isRecorded = await recordCaused(run, updateName(), { type: 'approval.answered', ...reply });
  if (isRecorded) return { status: statusOf(run) };
  taken.delete(approval);
  const refusal = refusalOf(run.state, reply);
  if (refusal === null || statusOf(run) === 'ended') refuseEnded();
  refuse(refusal.type, refusal.message);
}

/**
 * Has the time of every pending approval run, from its request on, whoever worked on the run then. Called whenever the
 * run comes to rest; each approval has one timer.
 */
export function startExpiries(run: Run): void {
  for (const name of pendingIn(run.state)) {
    if (run.expiring.has(name)) continue;
    run.expiring.add(name);
    // When it was recorded with a start that does not say when, nobody here knows better.
    run.requestedAt = { [name]: Date.now(), ...run.requestedAt };
    void CancellationScope.nonCancellable(() => expire(run, name));
  }
}

async function expire(run: Run, name: string): Promise<void> {
  const approval = run.state.approvals?.[name];
  if (approval === undefined) throw new Error(`${name}: expires without having been requested`);
  const { [name]: requestedAt } = run.requestedAt;
  if (requestedAt === undefined) throw new Error(`${name}: expires without a time of its request`);
  await sleep(Math.max(1, requestedAt + approval.expiresAfterMs - Date.now()));
  if (run.state.approvals?.[name]?.state !== 'pending') return;
  const { onExpiry: answer } = approval;
  await recordCaused(run, `expiry-${name}`, { type: 'approval.expired', approval: name, answer });
}
