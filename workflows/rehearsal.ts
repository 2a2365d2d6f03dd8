/** Does nothing: a worker that has run it has made ready all that its first run would wait for (workers/rehearsal.ts). */
export async function rehearsal(): Promise<void> {
  await Promise.resolve();
}
