import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createTenantAdministration } from '../../../infra/stores/tenant-store.ts';
import { runTenantsCommand } from '../../../infra/tenants/command.ts';
import { openFixture, type StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(async () => {
  await fixture.close();
});

async function tenants(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await runTenantsCommand(args, {
    open: () => createTenantAdministration({ ownerUrl: fixture.database.ownerUrl }),
    print: (line) => lines.push(line),
  });
  return { code, lines };
}

describe('the tenants command', () => {
  test('makes a tenant whose key opens the door, and ends the key', async () => {
    const keys = fixture.stores.tenants;

    const added = await tenants('add', 'acme', '--name', 'Acme');
    const [key = ''] = added.lines;
    const before = await keys.tenantOfKey(key);
    const revoked = await tenants('revoke', key);
    const again = await tenants('revoke', key);

    expect(key).toMatch(/^ck_acme_[\w-]{43}$/);
    expect(before).toBe('acme');
    expect(revoked).toEqual({ code: 0, lines: ['revoked'] });
    expect(again.code).toBe(1);
    expect(again.lines[0]).toContain('expected a living key');
    expect(await keys.tenantOfKey(key)).toBeUndefined();
  });

  test('gives a tenant that is there one more key, and lists it once', async () => {
    const first = await tenants('add', 'twice', '--name', 'Twice');
    const second = await tenants('add', 'twice');

    const { lines } = await tenants('list');

    expect(second.lines).not.toEqual(first.lines);
    expect(lines).toContain('twice\tTwice\t2 keys');
    expect(lines).toContain('one\tone\t1 keys');
  });

  test('lets a tenant run code, and no longer', async () => {
    const { tenants: rights } = fixture.stores;

    await tenants('add', 'coder', '--sandbox');
    await tenants('add', 'reader');
    const before = [await rights.mayRunCode('coder'), await rights.mayRunCode('reader')];
    const { lines } = await tenants('list');
    const ended = await tenants('sandbox', 'coder', 'off');

    expect(before).toEqual([true, false]);
    expect(lines).toContain('coder\tcoder\t1 keys\tsandbox');
    expect(lines).toContain('reader\treader\t1 keys');
    expect(ended).toEqual({ code: 0, lines: ['sandbox off'] });
    expect(await rights.mayRunCode('coder')).toBe(false);
  });

  test('grants nothing to a tenant that is not there', async () => {
    const { code, lines } = await tenants('sandbox', 'nobody', 'on');

    expect(code).toBe(1);
    expect(lines[0]).toContain('id: got "nobody", expected a tenant that is there');
    expect(await fixture.stores.tenants.mayRunCode('nobody')).toBe(false);
  });

  test('refuses an id that cannot be one, and makes nothing', async () => {
    const { code, lines } = await tenants('add', 'a b');

    expect(code).toBe(1);
    expect(lines[0]).toContain('tenantId: got "a b", expected 1 to 64 of A-Z, a-z, 0-9, _ and -');
    expect((await tenants('list')).lines.join()).not.toContain('a b');
  });

  test.each([
    [['sandbox', 'x', 'maybe']],
    [['fly']],
    [['add']],
    [['add', 'x', '--colour', 'red']],
    [[]],
  ])('answers %j with its usage', async (args) => {
    expect(await tenants(...args)).toEqual({ code: 2, lines: [] });
  });
});

describe('a revoked key', () => {
  test('cannot be given again', async () => {
    const { lines } = await tenants('add', 'gone');
    const [apiKey = ''] = lines;
    await tenants('revoke', apiKey);
    const administration = createTenantAdministration({ ownerUrl: fixture.database.ownerUrl });

    const creating = administration.createTenant({ tenantId: 'gone', name: 'Gone', apiKey });

    await expect(creating).rejects.toThrow('it was revoked');
    await administration.close();
  });
});
