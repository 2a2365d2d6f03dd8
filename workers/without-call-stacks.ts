/** Loaded first into a workflow thread, see workflow-threads.ts: the SDK finds a hook that it can set, and that is never called. */
import v8 from 'node:v8';

v8.promiseHooks.createHook = () => () => undefined;
