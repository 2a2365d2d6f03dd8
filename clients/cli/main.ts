/** The command line: `npm run conclave -- <command>`. */
import { createPrinter } from './print.ts';
import { runCommandLine } from './program.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => {
  interrupt.abort();
});
// `conclave events … | head` closes the pipe early: then there is nobody left to print for.
process.stdout.on('error', () => process.exit(0));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  // eslint-disable-next-line no-restricted-properties -- clients may not import infra; read once, here
  env: process.env,
  printer: createPrinter({ output: process.stdout, errors: process.stderr }),
  signal: interrupt.signal,
});
