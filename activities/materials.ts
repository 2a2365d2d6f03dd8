import type { MaterialRef } from '../domain/ledger/event.ts';
import type { PromptSource } from '../domain/prompts/material.ts';

/** Reads the materials of runs; what was read last stays in memory, since every seat of a pass reads the same. */
export interface Materials {
  sourcesOf(tenantId: string, materials: readonly MaterialRef[]): Promise<readonly PromptSource[]>;
}

/** Most bytes kept in memory. */
const keptBytesMax = 64 * 1024 * 1024;

/** Makes the materials of one worker. */
export function createMaterials(artifacts: {
  get(tenantId: string, sha256: string): Promise<Uint8Array>;
}): Materials {
  const kept = new Map<string, Uint8Array>();
  let keptBytes = 0;
  const bytesOf = async (tenantId: string, sha256: string): Promise<Uint8Array> => {
    const key = `${tenantId}/${sha256}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const bytes = await artifacts.get(tenantId, sha256);
    if (!kept.has(key)) keptBytes += bytes.byteLength;
    kept.set(key, bytes);
    for (const [oldest, { byteLength }] of kept) {
      if (keptBytes <= keptBytesMax) break;
      kept.delete(oldest);
      keptBytes -= byteLength;
    }
    return bytes;
  };
  return {
    sourcesOf: (tenantId, materials) =>
      Promise.all(
        materials.map(async (material) =>
          sourceOf(material, await bytesOf(tenantId, material.sha256)),
        ),
      ),
  };
}

function sourceOf({ name, mediaType }: MaterialRef, bytes: Uint8Array): PromptSource {
  return mediaType.startsWith('image/')
    ? { kind: 'image', name, mediaType, base64: Buffer.from(bytes).toString('base64') }
    : { kind: 'text', name, text: new TextDecoder().decode(bytes) };
}
