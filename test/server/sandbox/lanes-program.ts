import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { makeSnippetLanes } from '../../../infra/sandbox/snippet-lanes.ts';
import { pythonSnippet, snippet } from '../../support/sandbox/snippets.ts';

/** An engine that runs an endless snippet in each lane until it is killed. Its argument: where. */
const { folder } = JSON.parse(process.argv[2] ?? '') as { readonly folder: string };
const sandbox = await createSandbox({ backend: 'bwrap', folder, makeLanes: makeSnippetLanes });
const given = { limits: { timeMs: 600_000 } };
await Promise.all([sandbox.run(snippet('1')), sandbox.run(pythonSnippet('1'))]);
const endless = [
  sandbox.run(snippet('Array(2 ** 31).join("a")', given)),
  sandbox.run(pythonSnippet('while True: pass', given)),
];
process.stdout.write('running\n');
await Promise.all(endless);
