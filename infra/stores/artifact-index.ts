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
