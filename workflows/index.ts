export { analysis } from './analysis.ts';
export { consensus } from './consensus.ts';
export { debate } from './debate.ts';
export { sandboxRun } from './sandbox-run.ts';
