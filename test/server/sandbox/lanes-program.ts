import { completeLimits } from '../../../domain/sandbox/limits.ts';
import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { makeSnippetLanes } from '../../../infra/sandbox/snippet-lanes.ts';

/** An engine that runs an endless snippet in each lane until it is killed. Its argument: where. */
const { folder } = JSON.parse(process.argv[2] ?? '') as { readonly folder: string };
const sandbox = await createSandbox({ backend: 'bwrap', folder, makeLanes: makeSnippetLanes });
const run = (lane: 'javascript' | 'python', code: string): Promise<unknown> =>
  sandbox.run({
    ...{ lane, code, grants: [], env: {}, stdin: '', seed: '' },
    limits: completeLimits({ timeMs: 600_000 }),
  });
await Promise.all([run('javascript', '1'), run('python', '1')]);
const endless = [run('javascript', 'Array(2 ** 31).join("a")'), run('python', 'while True: pass')];
process.stdout.write('running\n');
await Promise.all(endless);
