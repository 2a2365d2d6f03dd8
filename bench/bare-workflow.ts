/** The workflow of the bare program: the reference job's calls and nothing else. Runs inside Temporal's sandbox. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';

const { wait } = proxyActivities<{ wait(): Promise<void> }>({
  startToCloseTimeout: '1 minute',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Waits as the seats of a debate would: all of a round at once, one round after the other. */
export async function bareDebate(seats: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(Array.from({ length: seats }, () => wait()));
  }
}
