import { currentUpdateInfo } from '@temporalio/workflow';

/** Names the event of the update that is being handled, by the update's own id: a repeated update finds its fact recorded. */
export function updateName(): string {
  return `update-${currentUpdateInfo()?.id ?? 'none'}`;
}
