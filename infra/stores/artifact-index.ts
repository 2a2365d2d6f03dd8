import type { StoreDeps } from './store-deps.ts';

/** An artifact of a tenant. */
export interface ArtifactEntry {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  readonly mediaType: string;
}

/** Which tenant may read which object. */
export interface ArtifactIndex {
  /** Notes that a tenant owns objects. Repeatable; what was noted first stays. */
  record(tenantId: string, artifacts: readonly ArtifactEntry[]): Promise<void>;
  get(tenantId: string, sha256: string): Promise<ArtifactEntry | undefined>;
}

/**
 * Opens the index of artifacts.
 *
 * @param deps - the database
 */
export function createArtifactIndex(deps: StoreDeps): ArtifactIndex {
  const { database } = deps;
  return {
    record: async (tenantId, artifacts) => {
      if (artifacts.length === 0) return;
      const rows = artifacts.map(({ sha256, bytes, mediaType }) => ({
        tenant_id: tenantId,
        sha256,
        bytes,
        media_type: mediaType,
      }));
      await database.withTenant(
        tenantId,
        (sql) => sql`insert into conclave.artifacts ${sql(rows)} on conflict do nothing`,
      );
    },

    get: (tenantId, sha256) =>
      database.withTenant(tenantId, async (sql) => {
        const [row] = await sql<{ bytes: number; media_type: string }[]>`
          select bytes::float8 as bytes, media_type from conclave.artifacts
          where tenant_id = ${tenantId} and sha256 = ${sha256}`;
        return row && { sha256, bytes: row.bytes, mediaType: row.media_type };
      }),
  };
}
