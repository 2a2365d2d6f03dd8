import { recordProgram } from './recorded-program.ts';

// The program of the threads is recorded as it loads, so that must come before anything else loads parts of it.
const program = await recordProgram(import.meta.resolve('./snippet-server.ts'));
const { serveHost } = await import('./engine.ts');
await serveHost(program, Number(process.argv[2]));
