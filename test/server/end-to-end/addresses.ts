import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Stack } from '../../../infra/stack/stack.ts';
import { createTenantAdministration } from '../../../infra/stores/tenant-store.ts';

/** Where a stack answers. */
export interface Addresses {
  readonly apiAddress: string;
  readonly simulated: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly postgres: { readonly ownerUrl: string };
}

/** Gives the addresses of the stack that all suites share. */
export function sharedAddresses(): Addresses {
  return JSON.parse(readFileSync('.cache/test-stack.json', 'utf8')) as Addresses;
}

/** Gives the addresses of a stack that a test started itself. */
export function addressesOf({ apiAddress, ownerUrl, connections }: Stack): Addresses {
  const { simulatedAddress, temporalAddress, temporalNamespace } = connections;
  return {
    apiAddress,
    simulated: simulatedAddress ?? '',
    temporal: { address: temporalAddress, namespace: temporalNamespace },
    postgres: { ownerUrl: ownerUrl ?? '' },
  };
}

/** Creates a tenant that nobody else uses and gives its key: default panels and lists are its own. */
export async function newTenant(
  { postgres }: Addresses,
  { mayRunCode = false } = {},
): Promise<string> {
  const name = `end-to-end-${randomBytes(6).toString('hex')}`;
  const apiKey = randomBytes(24).toString('base64url');
  const administration = createTenantAdministration(postgres);
  try {
    await administration.createTenant({ tenantId: name, name, apiKey });
    await administration.allowCode(name, mayRunCode);
  } finally {
    await administration.close();
  }
  return apiKey;
}
