import { machineOf } from '../collaboration/course.ts';

/** Skeleton. */
export const analysis = machineOf({
  following: () => ({ round: 1, phase: 'vote' }),
  enough: () => null,
  isDeciding: () => false,
});
