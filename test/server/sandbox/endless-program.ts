import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import { bwrapSandbox } from '../../../infra/sandbox/sandbox.ts';
import { shellCommand } from '../../support/sandbox/commands.ts';
import { hostOf } from './backends.ts';
import type { EndlessOrder } from './killed-engines.ts';

/** An engine that runs endless commands until it is killed. Its argument: an {@link EndlessOrder}. */
const order = JSON.parse(process.argv[2] ?? '') as EndlessOrder;
const host = await hostOf(order.backend, {
  docker: order.docker,
  folder: order.folder,
  cgroups: findOwnCgroups(),
  without: new Set(order.without),
});
const sandbox = bwrapSandbox(host);
const endless = shellCommand(`exec -a ${order.word} sleep 600`, {
  grants: [{ host: process.cwd() + '/domain/sandbox', path: '/work', mode: 'copy' }],
  limits: { timeMs: 600_000 },
});
await Promise.all(Array.from({ length: order.runs }, () => sandbox.run(endless)));
