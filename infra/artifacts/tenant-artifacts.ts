import type { ArtifactEntry, ArtifactIndex } from '../stores/artifact-index.ts';
import type { ArtifactContent, ArtifactStore } from './artifact-store.ts';

/** A store together with the index that says which tenant owns what. */
export interface TenantArtifactsDeps {
  readonly store: Pick<ArtifactStore, 'put' | 'find'>;
  readonly index: ArtifactIndex;
}

/** Keeps bytes by their SHA-256; what one tenant put, no other can get. */
export interface TenantArtifacts {
  /** Stores bytes; the same bytes twice are stored once. */
  put(tenantId: string, artifact: ArtifactContent): Promise<ArtifactEntry>;
  /** Says what a tenant owns under a name, without fetching it. */
  describe(tenantId: string, sha256: string): Promise<ArtifactEntry | undefined>;
  /** Gets what a tenant owns; rejects when the bytes no longer fit their name. */
  get(tenantId: string, sha256: string): Promise<ArtifactContent | undefined>;
}

/** Joins store and index: bytes first, so that the index never names what is not there. */
export function createTenantArtifacts({ store, index }: TenantArtifactsDeps): TenantArtifacts {
  return {
    put: async (tenantId, { bytes, mediaType }) => {
      const stored = await store.put(tenantId, bytes, mediaType);
      const entry = { ...stored, mediaType };
      await index.record(tenantId, [entry]);
      return entry;
    },
    describe: async (tenantId, sha256) => await index.get(tenantId, sha256),
    get: async (tenantId, sha256) => {
      const entry = await index.get(tenantId, sha256);
      if (entry === undefined) return undefined;
      const content = await store.find(tenantId, sha256);
      return content === undefined ? undefined : { ...content, mediaType: entry.mediaType };
    },
  };
}
