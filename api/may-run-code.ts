import type { ApiDeps } from './ports.ts';
import { Problem } from './problem.ts';

/**
 * Refuses a tenant that was not granted to run code. An agent that is a program is code too: its path and arguments are the
 * tenant's.
 *
 * @param deps - what knows the tenants
 * @param deps.tenants - see {@link ApiDeps}
 * @param tenantId - who asks
 * @throws `Problem` `not-permitted`
 */
export async function refuseUngranted(
  { tenants }: Pick<ApiDeps, 'tenants'>,
  tenantId: string,
): Promise<void> {
  if (await tenants.mayRunCode(tenantId)) return;
  throw new Problem('not-permitted', {
    detail: `The tenant ${tenantId} was not granted to run code; whoever runs this installation can grant it.`,
    errors: [
      {
        field: 'Authorization',
        got: `a key of ${tenantId}`,
        expected: 'a tenant that may run code',
      },
    ],
  });
}
