import type { SandboxHost } from './host.ts';
import { spawnContainedEngine } from './javascript/contained-engine.ts';
import { layOutEngine } from './javascript/engine-program.ts';
import { createJavascriptLane } from './javascript/javascript-lane.ts';
import { createPythonLane } from './python/python-lane.ts';
import type { SnippetLanes } from './sandbox.ts';

/**
 * Makes the lanes for snippets over a host that protects, to be given to `createSandbox` as its `makeLanes`. What they keep warm
 * is being started then; a lane that cannot start says so to its runs.
 */
export async function makeSnippetLanes(host: SandboxHost): Promise<SnippetLanes> {
  const program = await layOutEngine(host);
  return {
    javascript: createJavascriptLane({
      spawnEngine: (slots) => spawnContainedEngine(host, program, slots),
      backend: host.backend,
      isKeptWarm: true,
    }),
    python: createPythonLane(host),
  };
}
