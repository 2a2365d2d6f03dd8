import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import { ensureSigningKey, loadSigner, sha256Of, signingKeyPath } from '../../../infra/signing.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conclave-signing-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const bytes = new TextEncoder().encode('what was decided');

describe('the signing key of a data folder', () => {
  test('is made once, readable by its owner alone', async () => {
    const first = await ensureSigningKey(folder);
    const pem = await readFile(signingKeyPath(folder), 'utf8');
    const second = await ensureSigningKey(folder);

    expect(second).toEqual(first);
    expect(await readFile(signingKeyPath(folder), 'utf8')).toBe(pem);
    expect((await stat(signingKeyPath(folder))).mode & 0o777).toBe(0o600);
  });

  test('is one, when several make it at once', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => ensureSigningKey(folder)));

    expect(new Set(made.map(({ keyId }) => keyId)).size).toBe(1);
    expect((await loadSigner(signingKeyPath(folder))).keyId).toBe(made[0]?.keyId);
  });

  test('is refused when the file holds something else', async () => {
    await ensureSigningKey(folder);
    await writeFile(signingKeyPath(folder), 'no key');

    await expect(ensureSigningKey(folder)).rejects.toThrow('expected a private key in PEM');
  });

  test('is refused when there is no file', async () => {
    await expect(loadSigner(signingKeyPath(folder))).rejects.toThrow('ENOENT');
  });
});

describe('a signer', () => {
  test('signs so that anybody with the public key can tell', async () => {
    await ensureSigningKey(folder);
    const signer = await loadSigner(signingKeyPath(folder));
    const { publicKey, keyId } = signer;
    const signature = signer.sign(bytes);
    const other = new TextEncoder().encode('what was not');

    expect(cryptography.verifySignature({ publicKey, signature, bytes })).toBe(true);
    expect(cryptography.verifySignature({ publicKey, signature, bytes: other })).toBe(false);
    expect(cryptography.keyIdOf(publicKey)).toBe(keyId);
    expect(signer.sign(bytes)).toBe(signature);
  });

  test('has the vector of RFC 8032, section 7.1, test 2', async () => {
    const header = '302e020100300506032b657004220420';
    const seed = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
    const der = Buffer.from(header + seed, 'hex').toString('base64');
    const pem = `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`;
    const signer = await loadSigner(pem);

    expect(Buffer.from(signer.publicKeyRaw, 'base64').toString('hex')).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    );
    expect(Buffer.from(signer.sign(new Uint8Array([0x72])), 'base64').toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
  });

  test('is named by the beginning of the hash of its public key', async () => {
    await ensureSigningKey(folder);
    const signer = await loadSigner(signingKeyPath(folder));
    const spki = Buffer.from(signer.publicKey, 'base64');

    expect(signer.keyId).toBe(createHash('sha256').update(spki).digest('hex').slice(0, 16));
    expect(signer.publicKeyPem).toContain('BEGIN PUBLIC KEY');
  });

  test('takes no key of another kind', async () => {
    const { privateKey } = generateKeyPairSync('x25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

    await expect(loadSigner(pem)).rejects.toThrow('got x25519, expected an Ed25519 key');
  });
});

test('SHA-256 is the same for text and for its bytes', () => {
  expect(sha256Of('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha256Of(new TextEncoder().encode('ä'))).toBe(sha256Of('ä'));
});
