import { createHash } from 'node:crypto';

import type { MiddlewareHandler } from 'hono';

import type { ApiEnv } from './context.ts';
import type { ApiDeps } from './ports.ts';
import { Problem } from './problem.ts';

/** How long a revoked key may still be taken, and a new one still be refused by this process. */
const KEPT_MS = 5000;
/** Most keys that are remembered; a flood of wrong keys pushes old ones out. */
const KEPT_MAX = 10_000;
/** Longest key that is looked at. */
const KEY_LENGTH_MAX = 512;

/**
 * Makes the middleware that finds out for whom a request speaks.
 *
 * @param deps - where keys are known, and the clock
 * @param openPaths - paths that need no key
 */
export function authenticate(
  deps: Pick<ApiDeps, 'tenants' | 'now'>,
  openPaths: readonly string[],
): MiddlewareHandler<ApiEnv> {
  const findTenant = rememberTenants(deps);
  return async (c, next) => {
    if (!openPaths.includes(c.req.path)) {
      const key = keyOf(c.req.header('authorization'));
      const tenantId = await findTenant(key);
      if (tenantId === undefined)
        throw refusal('The API key is not known.', 'a key we do not know');
      c.set('tenantId', tenantId);
    }
    await next();
  };
}

function keyOf(header: string | undefined): string {
  if (header === undefined) throw refusal('Send your API key.', 'nothing');
  const [, key] = /^Bearer +([\x21-\x7e]+) *$/i.exec(header) ?? [];
  if (key === undefined || key.length > KEY_LENGTH_MAX) {
    throw refusal('The Authorization header is malformed.', 'something else');
  }
  return key;
}

function refusal(detail: string, got: string): Problem {
  return new Problem('unauthorised', {
    detail,
    errors: [{ field: 'Authorization', got, expected: 'Bearer <API key>' }],
    headers: { 'www-authenticate': 'Bearer realm="conclave"' },
  });
}

interface Remembered {
  readonly tenant: Promise<string | undefined>;
  readonly until: number;
}

/** Remembers answers for a moment, under a hash: keys themselves are not kept. */
function rememberTenants(
  deps: Pick<ApiDeps, 'tenants' | 'now'>,
): (key: string) => Promise<string | undefined> {
  const remembered = new Map<string, Remembered>();
  return async (key) => {
    const name = createHash('sha256').update(key).digest('base64');
    const known = remembered.get(name);
    if (known !== undefined && known.until > deps.now()) return await known.tenant;
    remembered.delete(name);
    const tenant = deps.tenants.tenantOfKey(key);
    remembered.set(name, { tenant, until: deps.now() + KEPT_MS });
    const [oldest] = remembered.keys();
    if (remembered.size > KEPT_MAX && oldest !== undefined) remembered.delete(oldest);
    try {
      return await tenant;
    } catch (error) {
      remembered.delete(name);
      throw error;
    }
  };
}
