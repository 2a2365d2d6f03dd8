import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { Agent } from '../../../domain/providers/agent.ts';
import { provisionLocalTenant } from '../../../infra/database/local-tenant.ts';
import { createTenantAdministration } from '../../../infra/stores/tenant-store.ts';
import { openFixture } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

const agent = (name: string, model = 'm'): Agent => ({
  name,
  provider: 'openai',
  model,
  baseUrl: null,
  apiKeyEnv: 'KEY',
  personas: ['critic'],
  price: null,
  limits: { concurrent: 4 },
  fallback: null,
  capabilities: {},
  simulated: false,
});

describe('agents', () => {
  test('are registered, replaced, listed in order and taken off', async () => {
    const { agents } = fixture.stores;

    expect(await agents.put('one', agent('zoe'))).toEqual({ created: true });
    expect(await agents.put('one', agent('abe'))).toEqual({ created: true });
    expect(await agents.put('one', agent('zoe', 'newer'))).toEqual({ created: false });

    expect(await agents.list('one')).toEqual([agent('zoe', 'newer'), agent('abe')]);
    expect(await agents.remove('one', 'zoe')).toBe(true);
    expect(await agents.remove('one', 'zoe')).toBe(false);
    expect(await agents.get('one', 'zoe')).toBeUndefined();
    expect(await agents.getEver('one', 'zoe')).toEqual(agent('zoe', 'newer'));
    expect(await agents.put('one', agent('zoe'))).toEqual({ created: true });
    expect(await agents.list('two')).toEqual([]);
  });

  test('seeding brings back neither what was removed nor what was changed', async () => {
    const { agents } = fixture.stores;
    await agents.seed('two', [agent('kept'), agent('gone'), agent('changed')]);
    await agents.remove('two', 'gone');
    await agents.put('two', agent('changed', 'mine'));

    await agents.seed('two', [agent('kept'), agent('gone'), agent('changed'), agent('new')]);

    const names = (await agents.list('two')).map(({ name, model }) => [name, model]);
    expect(names).toEqual([
      ['kept', 'm'],
      ['changed', 'mine'],
      ['new', 'm'],
    ]);
  });
});

describe('tenants', () => {
  test('a revoked key opens nothing any more', async () => {
    const { tenants } = fixture.stores;
    const administration = createTenantAdministration({ ownerUrl: fixture.database.ownerUrl });
    await administration.createTenant({ tenantId: 'brief', name: 'Brief', apiKey: 'key-brief' });
    expect(await tenants.tenantOfKey('key-brief')).toBe('brief');

    expect(await administration.revokeKey('key-brief')).toBe(true);

    expect(await tenants.tenantOfKey('key-brief')).toBeUndefined();
    expect(await administration.revokeKey('key-brief')).toBe(false);
    await administration.close();
  });

  test('a key cannot belong to two', async () => {
    const administration = createTenantAdministration({ ownerUrl: fixture.database.ownerUrl });

    const creating = administration.createTenant({ tenantId: 'x', name: 'X', apiKey: 'key-one' });

    await expect(creating).rejects.toThrow(/belongs to another tenant/);
    await administration.close();
  });

  test('an id with separators is refused', async () => {
    const administration = createTenantAdministration({ ownerUrl: fixture.database.ownerUrl });

    const creating = administration.createTenant({ tenantId: 'a b', name: 'X', apiKey: 'k' });

    await expect(creating).rejects.toThrow(/tenantId: got "a b"/);
    await administration.close();
  });

  test('the local tenant is provisioned as often as one likes', async () => {
    const { ownerUrl } = fixture.database;

    await provisionLocalTenant({ ownerUrl, apiKey: 'key-local' });
    const { tenantId } = await provisionLocalTenant({ ownerUrl, apiKey: 'key-local' });

    expect(await fixture.stores.tenants.tenantOfKey('key-local')).toBe(tenantId);
  });

  test('the key itself is nowhere in the database', async () => {
    const rows = await fixture.owner.sql`select t::text as text from conclave.api_keys t`;

    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ text }) => String(text).includes('key-one'))).toEqual([]);
  });
});

describe('artifacts', () => {
  test('may be read by the tenant that has them, and keep their first description', async () => {
    const { artifacts } = fixture.stores;
    const sha256 = 'cd'.repeat(32);
    const entry = { sha256, bytes: 5_000_000_000, mediaType: 'text/markdown' };

    await artifacts.record('one', [entry]);
    await artifacts.record('one', [{ ...entry, mediaType: 'text/html' }]);
    await artifacts.record('one', []);

    expect(await artifacts.get('one', sha256)).toEqual(entry);
    expect(await artifacts.get('two', sha256)).toBeUndefined();
  });
});
