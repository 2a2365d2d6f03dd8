import { createHash } from 'node:crypto';

import type { MaterialInput } from '../../domain/collaboration/request.ts';
import type { MaterialRef } from '../../domain/ledger/event.ts';
import type { Fault } from '../../domain/planning/fault.ts';
import type { ApiDeps } from '../ports.ts';

/** Materials of a request as references, with the bytes of those that came as text. */
export type GatheredMaterials =
  | { readonly ok: true; readonly refs: readonly MaterialRef[]; readonly texts: readonly Upload[] }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Bytes that are to be stored. */
export interface Upload {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  md: 'text/markdown; charset=utf-8',
  json: 'application/json',
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
};
const PLAIN_TEXT = 'text/plain; charset=utf-8';

/**
 * Finds out what a request's materials are, without storing anything yet.
 *
 * @returns faults for artifacts that this tenant never put
 */
export async function gatherMaterials(
  deps: Pick<ApiDeps, 'artifacts'>,
  tenantId: string,
  materials: readonly MaterialInput[],
): Promise<GatheredMaterials> {
  const gathered = await Promise.all(
    materials.map((material, index) => gatherOne(deps, tenantId, { material, index })),
  );
  const faults = gathered.flatMap((one) => ('fault' in one ? [one.fault] : []));
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    refs: gathered.flatMap((one) => ('ref' in one ? [one.ref] : [])),
    texts: gathered.flatMap((one) => ('upload' in one ? [one.upload] : [])),
  };
}

/** Stores what came as text. Content-addressed: harmless where the start fails afterwards. */
export async function storeMaterials(
  deps: Pick<ApiDeps, 'artifacts'>,
  tenantId: string,
  uploads: readonly Upload[],
): Promise<void> {
  await Promise.all(uploads.map((upload) => deps.artifacts.put(tenantId, upload)));
}

type Gathered = { ref: MaterialRef } | { ref: MaterialRef; upload: Upload } | { fault: Fault };

async function gatherOne(
  deps: Pick<ApiDeps, 'artifacts'>,
  tenantId: string,
  { material, index }: { material: MaterialInput; index: number },
): Promise<Gathered> {
  if ('text' in material) {
    const bytes = Buffer.from(material.text, 'utf8');
    const mediaType = mediaTypeOf(material.name);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const ref = { name: material.name, mediaType, bytes: bytes.byteLength, sha256 };
    return { ref, upload: { bytes, mediaType } };
  }
  const { artifact: sha256, name = sha256.slice(0, 12) } = material;
  const found = await deps.artifacts.describe(tenantId, sha256);
  if (found !== undefined) {
    return { ref: { name, mediaType: found.mediaType, bytes: found.bytes, sha256 } };
  }
  const field = `materials[${index}].artifact`;
  return {
    fault: { field, got: sha256, expected: 'an artifact that was put to /v1/artifacts before' },
  };
}

function mediaTypeOf(name: string): string {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return Object.hasOwn(MEDIA_TYPES, ending) ? (MEDIA_TYPES[ending] ?? PLAIN_TEXT) : PLAIN_TEXT;
}
