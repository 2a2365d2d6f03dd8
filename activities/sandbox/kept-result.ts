import type { SandboxResult } from '../../domain/sandbox/run.ts';
import type { KeptBytes, SandboxRunEnd } from '../../domain/sandbox/run-fact.ts';
import type { TenantArtifacts } from '../../infra/artifacts/tenant-artifacts.ts';

const plainText = 'text/plain; charset=utf-8';
const reasonMax = 1000;
const leftOutMax = 100;
const encoder = new TextEncoder();

/**
 * Keeps everything that a run said and left, and names it by its hashes.
 *
 * @param artifacts - where it is kept
 * @param tenantId - whose it is
 * @param result - as the sandbox gave it
 */
export async function keepResult(
  artifacts: Pick<TenantArtifacts, 'put'>,
  tenantId: string,
  result: SandboxResult,
): Promise<SandboxRunEnd> {
  const keep = async (bytes: Uint8Array, mediaType: string): Promise<KeptBytes> => {
    const stored = await artifacts.put(tenantId, { bytes, mediaType });
    return { artifact: stored.sha256, bytes: stored.bytes };
  };
  const keepText = async (text: string | null, mediaType: string): Promise<KeptBytes | null> =>
    text === null || text === '' ? null : await keep(encoder.encode(text), mediaType);
  const [value, stdout, stderr, diff, files] = await Promise.all([
    keepText(result.value, 'application/json'),
    keepText(result.stdout, plainText),
    keepText(result.stderr, plainText),
    keepText(result.diff, 'text/x-diff; charset=utf-8'),
    Promise.all(
      result.files.map(async ({ path, bytes }) => ({
        path: sayable(path),
        ...(await keep(bytes, 'application/octet-stream')),
      })),
    ),
  ]);
  const { exitCode, isTruncated, fuelUsed, peakMemoryBytes, durationMs, backend } = result;
  return {
    status: result.status,
    reason: sayable(result.reason).slice(0, reasonMax),
    ...{ exitCode, value, stdout, stderr, diff, files },
    filesLeftOut: (result.filesLeftOut ?? [])
      .slice(0, leftOutMax)
      .map((line) => sayable(line).slice(0, reasonMax)),
    ...{ isTruncated, fuelUsed, peakMemoryBytes, durationMs, backend },
  };
}

/** Names of files are the guest's: what the ledger cannot hold is replaced. */
function sayable(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '\uFFFD');
}
