import { createHash } from 'node:crypto';

import type { ApiDeps } from '../../api/ports.ts';

/** Artifacts by tenant and hash. */
export type KeptArtifacts = Map<string, { bytes: Uint8Array; mediaType: string }>;

/** Keeps artifacts in memory. */
export function createFakeArtifacts(kept: KeptArtifacts): ApiDeps['artifacts'] {
  return {
    put: (tenantId, artifact) => {
      const sha256 = keep(kept, tenantId, artifact);
      const { bytes, mediaType } = artifact;
      return Promise.resolve({ sha256, bytes: bytes.byteLength, mediaType });
    },
    describe: (tenantId, sha256) => {
      const found = kept.get(`${tenantId}/${sha256}`);
      const entry = found && {
        sha256,
        bytes: found.bytes.byteLength,
        mediaType: found.mediaType,
      };
      return Promise.resolve(entry);
    },
    get: (tenantId, sha256) => Promise.resolve(kept.get(`${tenantId}/${sha256}`)),
  };
}

/** Keeps an artifact as a store would, and gives its hash. */
export function keep(
  kept: KeptArtifacts,
  tenantId: string,
  artifact: { bytes: Uint8Array; mediaType: string },
): string {
  const sha256 = createHash('sha256').update(artifact.bytes).digest('hex');
  kept.set(`${tenantId}/${sha256}`, artifact);
  return sha256;
}
