import { isAbsolute, normalize } from 'node:path';

import { z } from 'zod';

import type { SandboxFolder } from '../domain/sandbox/granted-folders.ts';
import { grantModes } from '../domain/sandbox/run.ts';

const ENTRY =
  /^(?<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,63})=(?<host>\/.*?)(?::(?<mode>read|copy|write))?$/;

/** Reads `name=path:mode` entries separated by commas; without a mode only reading may be granted. */
export const grantableFolders = z.string().transform((text, context): readonly SandboxFolder[] => {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const folders = entries.map(folderIn);
  const known = folders.filter((folder) => folder !== undefined);
  const names = new Set(known.map(({ name }) => name));
  if (known.length === entries.length && names.size === known.length) return known;
  context.addIssue({
    code: 'custom',
    message: `expected folders separated by commas, each name=/path:mode with a name of its own, an absolute path and one of: ${grantModes.join(', ')}`,
  });
  return z.NEVER;
});

/** Writes a folder as {@link grantableFolders} reads it. */
export function folderText({ name, host, mode }: SandboxFolder): string {
  return `${name}=${host}:${mode}`;
}

function folderIn(entry: string): SandboxFolder | undefined {
  const { name, host, mode } = ENTRY.exec(entry)?.groups ?? {};
  if (name === undefined || host === undefined) return undefined;
  if (!isAbsolute(host) || normalize(host) !== host || host.endsWith('/')) return undefined;
  return { name, host, mode: grantModes.find((each) => each === mode) ?? 'read' };
}
