// Applies patches/*.patch to node_modules; what is patched already stays as it is. npm runs this after
// an install, and bin/conclave.mjs before every command: a pull may bring a patch without an install.
import { readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { applyPatch, parsePatch, reversePatch } from 'diff';

const script = fileURLToPath(import.meta.url);
const project = dirname(dirname(script));

/** Patches every file that a patch below a folder names; throws an error that names the first that does not fit. */
export function patchDependencies(root = project) {
  const folder = join(root, 'patches');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.patch'))) {
    for (const patch of parsePatch(readFileSync(join(folder, name), 'utf8'))) {
      patchFile(root, patch, name);
    }
  }
}

function patchFile(root, patch, name) {
  const file = patch.newFileName.replace(/^b\//, '');
  const path = join(root, file);
  const text = readFileSync(path, 'utf8');
  if (applyPatch(text, reversePatch(patch)) !== false) return; // it was applied before
  const patched = applyPatch(text, patch);
  if (patched === false) {
    throw new Error(`patches/${name} does not fit ${file}; make it anew for the version in use`);
  }
  writeFileSync(path, patched);
}

if (realpathSync(process.argv[1]) === script) patchDependencies();
