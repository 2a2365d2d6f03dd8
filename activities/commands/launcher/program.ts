/**
 * Runs inside a sandbox, before the program: puts files into the work folder, opens the way to the proxy on a port of the
 * sandbox's own loopback, and starts the program, which has its standard input, output and errors to itself.
 *
 * Arguments: a `LaunchOrder` as JSON, then the program and its arguments. Ends with the program's exit code, with 128 + n after
 * signal n, and like a shell with 126 and 127 where the program cannot be run. It imports nothing of ours: it is alone in there.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { constants } from 'node:os';
import { dirname, resolve } from 'node:path';

interface LaunchOrder {
  readonly files: Readonly<Record<string, string>>;
  /** `null`: no way out. */
  readonly egress: { readonly port: number; readonly socket: string } | null;
}

const [order, program, ...rest] = process.argv.slice(2);
const { files, egress } = JSON.parse(order ?? '') as LaunchOrder;

for (const [path, text] of Object.entries(files)) {
  const place = resolve(path);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
}
if (egress === null) start();
else relay(egress.port, egress.socket);

function relay(port: number, socket: string): void {
  const server = createServer((near) => {
    const far = connect(socket);
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    near.on('error', end);
    far.on('error', end);
    near.on('close', end);
    far.on('close', end);
    near.pipe(far).pipe(near);
  });
  server.on('error', (error) => {
    process.stderr.write(`port ${String(port)} of the way out: ${error.message}\n`);
    process.exit(1);
  });
  server.listen(port, '127.0.0.1', start);
}

function start(): void {
  const child = spawn(program ?? '', rest, { stdio: 'inherit' });
  child.on('error', (error: NodeJS.ErrnoException) => {
    process.stderr.write(`${program ?? ''}: ${error.code ?? error.message}\n`);
    process.exit(error.code === 'ENOENT' ? 127 : 126);
  });
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
}
