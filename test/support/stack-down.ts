import { rm } from 'node:fs/promises';

/** Ends the shared stack and takes its folder away. */
export default async function stackDown(): Promise<void> {
  const shared = globalThis.conclaveTestStack;
  await shared?.stack.stop();
  await rm('.cache/test-stack.json', { force: true });
  if (shared !== undefined) await rm(shared.folder, { recursive: true, force: true });
}
