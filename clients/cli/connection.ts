import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CommandError, exitUsage } from './exit.ts';

const portDefault = '7400';
const folderDefault = '.conclave';

/** Where the API is, and with which key to speak to it. */
export interface Connection {
  /** URL without a slash at its end. */
  readonly url: string;
  readonly key: string;
}

/** What the person gave, before the environment and the data folder are asked. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly key?: string;
  readonly data?: string;
}

/** Variables as a process gets them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the API and the key: flags first, then the environment, then what a running stack left in its data folder.
 *
 * @throws CommandError with the code for wrong usage where there is no key, or the URL is none
 */
export function findConnection(options: ConnectionOptions, env: Environment): Connection {
  const folder = options.data ?? env['CONCLAVE_DATA'] ?? folderDefault;
  const url = options.url ?? env['CONCLAVE_URL'] ?? publishedUrl(folder) ?? localUrl(env);
  if (!isHttp(url)) {
    throw new CommandError(`--url: got ${url}, expected http://… or https://…`, exitUsage);
  }
  const key = options.key ?? env['CONCLAVE_API_KEY'] ?? publishedKey(folder) ?? '';
  if (key === '') {
    throw new CommandError(
      `no API key: give --key, set CONCLAVE_API_KEY, or run where "npm start" keeps its data (${folder}/api-key)`,
      exitUsage,
    );
  }
  return { url: url.replace(/\/+$/, ''), key };
}

function localUrl(env: Environment): string {
  return `http://127.0.0.1:${env['CONCLAVE_PORT'] ?? portDefault}`;
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

function publishedUrl(folder: string): string | undefined {
  const path = join(folder, 'run', 'api.json');
  if (!existsSync(path)) return undefined;
  try {
    const { address } = JSON.parse(readFileSync(path, 'utf8')) as { address?: unknown };
    return typeof address === 'string' ? address : undefined;
  } catch {
    return undefined; // a stack that is just starting has not written it whole
  }
}

function publishedKey(folder: string): string | undefined {
  const path = join(folder, 'api-key');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
