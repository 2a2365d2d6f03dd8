export { analysis } from './analysis.ts';
export { consensus } from './consensus.ts';
export { debate } from './debate.ts';
export { rehearsal } from './rehearsal.ts';
export { sandboxRun } from './sandbox-run.ts';
