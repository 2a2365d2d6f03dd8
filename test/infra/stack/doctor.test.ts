import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { loadConfig } from '../../../infra/config.ts';
import { examine } from '../../../infra/stack/doctor.ts';
import type { Finding } from '../../../infra/stack/doctor.ts';
import { writeRunFile } from '../../../infra/stack/run-files.ts';

/** Nobody listens at the first of all ports. */
const NOBODYS_PORT = 1;

let folder: string;
let neighbour: Server;
let takenPort: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-doctor-'));
  neighbour = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(neighbour, 'listening');
  takenPort = (neighbour.address() as AddressInfo).port;
});

afterEach(async () => {
  neighbour.close();
  await once(neighbour, 'close');
  rmSync(folder, { recursive: true, force: true });
});

async function findings(settings: Record<string, string>): Promise<Map<string, Finding>> {
  const usual = { CONCLAVE_DATA: folder, CONCLAVE_PORT: '0', XDG_CACHE_HOME: folder };
  const env = { ...usual, CONCLAVE_SANDBOX: 'deny', ...settings };
  const loaded = loadConfig({ env, argv: [] });
  if (!loaded.ok) throw new Error(loaded.faults.join('; '));
  const found = await examine(loaded.config, env);
  return new Map(found.map((finding) => [finding.name, finding]));
}

describe('the doctor', () => {
  test('misses a tool that is nowhere, and says how it can be had', async () => {
    const found = await findings({});

    expect(found.get('temporal')).toMatchObject({ state: 'missing' });
    expect(found.get('temporal')?.mend).toContain('CONCLAVE_TEMPORAL_BIN');
    expect(found.get('versitygw')?.mend).toContain('CONCLAVE_S3_ENDPOINT');
    expect(found.get('node')).toMatchObject({ state: 'ok' });
  });

  test('says where webhooks may be: on this machine in local mode, and on listed hosts', async () => {
    const local = await findings({ CONCLAVE_WEBHOOK_HOSTS: 'hooks.example' });
    const cluster = await findings({ CONCLAVE_MODE: 'cluster' });

    const name = 'webhook hosts';
    expect(local.get(name)).toEqual({ name, state: 'ok', detail: 'this machine, hooks.example' });
    expect(cluster.get(name)?.state).toBe('note');
  });

  test('needs no tool for an outside part, and knocks there instead', async () => {
    const found = await findings({
      CONCLAVE_TEMPORAL_ADDRESS: `127.0.0.1:${String(takenPort)}`,
      CONCLAVE_S3_ENDPOINT: `http://127.0.0.1:${String(NOBODYS_PORT)}`,
      CONCLAVE_DATABASE_URL: `postgres://me:secret@127.0.0.1:${String(NOBODYS_PORT)}/x`,
    });

    expect(found.get('temporal')).toMatchObject({ state: 'note' });
    expect(found.get('outside temporal')).toMatchObject({ state: 'ok' });
    expect(found.get('outside s3')).toEqual({
      name: 'outside s3',
      state: 'missing',
      detail: `nobody answers at 127.0.0.1:${String(NOBODYS_PORT)}`,
      mend: 'start it, or correct CONCLAVE_S3_ENDPOINT',
    });
    expect(found.get('outside database')).toMatchObject({
      state: 'missing',
      mend: 'start it, or correct CONCLAVE_DATABASE_URL',
    });
    expect(JSON.stringify([...found.values()])).not.toContain('secret');
  });

  test('tells a port that a stranger holds from one that the stack holds', async () => {
    const port = String(takenPort);
    const api = (address: string): void => {
      const about = { version: '1', startedAt: '2026-01-01T00:00:00Z' };
      writeRunFile(folder, { part: 'api', pid: process.pid, address, ...about });
    };

    api('http://127.0.0.1:9');
    expect((await findings({ CONCLAVE_PORT: port })).get('api port')).toMatchObject({
      state: 'missing',
      mend: 'set CONCLAVE_PORT',
    });

    api(`http://127.0.0.1:${port}`);
    expect((await findings({ CONCLAVE_PORT: port })).get('api port')).toMatchObject({
      state: 'ok',
    });
  });

  test('looks at adapters as workers would load them', async () => {
    const broken = join(folder, 'broken.mjs');
    writeFileSync(broken, 'export const adaptor = {};');
    const good = './docs/examples/own-adapter/parley.ts';

    expect((await findings({ CONCLAVE_ADAPTERS: good })).get('adapter')).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(/^parley 1\.0\.0 of .*parley\.ts$/) as unknown,
    });
    expect((await findings({ CONCLAVE_ADAPTERS: broken })).get('adapter')).toEqual({
      name: 'adapter',
      state: 'missing',
      detail: `${broken}: adapter: got exports named adaptor, expected an export of this name, an object`,
      mend: 'mend it, or CONCLAVE_ADAPTERS',
    });
    expect((await findings({})).has('adapter')).toBe(false);
  });

  test('refuses a folder that holds something else', async () => {
    writeFileSync(join(folder, 'thesis.doc'), '');

    const found = await findings({});

    expect(found.get('data folder')).toMatchObject({ state: 'missing' });
    expect(found.get('data folder')?.detail).toContain('thesis.doc');
  });
});
