import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const projectFolder = join(import.meta.dirname, '..');

/** Everything a bundle is made of; a change of any of it makes another bundle. */
const sources = ['workflows', 'domain', 'package-lock.json'];

/**
 * Gives the path of the workflows' bundle. It is built when the sources have changed since the last time, under a
 * name of its own for each state of them, so that running workers keep theirs.
 */
export async function bundledWorkflows(): Promise<string> {
  const folder = join(projectFolder, '.cache');
  const path = join(folder, `workflows-${await fingerprint()}.cjs`);
  if (await exists(path)) return path;
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(projectFolder, 'workflows', 'index.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  await mkdir(folder, { recursive: true });
  const unfinished = `${path}.${String(process.pid)}`;
  await writeFile(unfinished, code);
  await rename(unfinished, path);
  return path;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of await filesOf(join(projectFolder, source))) {
      hash.update(file.slice(projectFolder.length)).update(await readFile(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!path.endsWith('.json')) {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  }
  return [path];
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
