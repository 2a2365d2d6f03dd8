/** The panel of simulated agents as a process: `--port` (0 for any free one) and `--latency-ms`. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

import { createPanelServer } from './panel-server.ts';

const VERSION = '0.1.0';
const DEFAULT_LATENCY_MS = 50;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'latency-ms': { type: 'string', default: String(DEFAULT_LATENCY_MS) },
  },
});

const server = createPanelServer({
  latencyMs: wholeNumber('--latency-ms', values['latency-ms']),
  version: VERSION,
});
server.listen(wholeNumber('--port', values.port), '127.0.0.1');
await once(server, 'listening');
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
process.send?.({ kind: 'ready', address, version: VERSION });
process.stdout.write(`simulated agents listen at ${address}\n`);

const stop = (): void => {
  server.close();
  server.closeAllConnections();
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  process.stderr.write(`${flag}: got ${JSON.stringify(text)}, expected a whole number\n`);
  process.exit(2);
}
