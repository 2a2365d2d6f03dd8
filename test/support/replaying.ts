import { Runtime, Worker } from '@temporalio/worker';

import { bundledWorkflows } from '../../workers/bundle.ts';
import { installRuntime } from '../../workers/runtime.ts';
import { historyOf, type RecordedHistory } from './histories.ts';

/** For opening a replayer: building the bundle takes seconds on a machine that never did. */
export const bundleWithinMs = 120_000;
/** For one replay. */
export const replayWithinMs = 30_000;

/** Replays histories against the workflows as they are now. */
export interface Replayer {
  /** Resolves with `replayed`; rejects where the workflows would do something else. */
  replay(history: RecordedHistory, edit?: (text: string) => string): Promise<string>;
  close(): Promise<void>;
}

/** A replay that fails as it must is warned of as well. */
const unheard = (): void => undefined;

/** Makes the bundle of the workflows, and a runtime that says nothing. */
export async function openReplayer(): Promise<Replayer> {
  installRuntime({ debug: unheard, info: unheard, warn: unheard, error: unheard });
  const workflowBundle = { codePath: await bundledWorkflows() };
  return {
    replay: async (history, edit) => {
      const { name } = history;
      const options = { workflowBundle, replayName: name };
      await Worker.runReplayHistory(options, historyOf(history, edit), name);
      return 'replayed';
    },
    close: async () => {
      await Runtime.instance().shutdown();
    },
  };
}
