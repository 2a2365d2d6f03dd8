import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { hash as digest, sign as signWith } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Length of a key's id, hexadecimal digits. */
const keyIdDigits = 16;

/** Bytes that stand before the key itself in the SPKI form of an Ed25519 key (RFC 8410). */
const spkiHeaderBytes = 12;

/** Signs records. Holds the private key and shows only the public one. */
export interface Signer {
  readonly keyId: string;
  /** SPKI in DER, base64: as records carry it. */
  readonly publicKey: string;
  readonly publicKeyPem: string;
  /** The key's 32 bytes, base64. */
  readonly publicKeyRaw: string;
  /** Gives the Ed25519 signature, base64; the same bytes always get the same one. */
  sign(bytes: Uint8Array): string;
}

/** Computes SHA-256 of bytes, or of text as UTF-8; hexadecimal. */
export function sha256Of(content: string | Uint8Array): string {
  return digest('sha256', content, 'hex');
}

/** Tells where a data folder keeps its signing key. */
export function signingKeyPath(dataFolder: string): string {
  return join(dataFolder, 'secrets', 'signing-key.pem');
}

/**
 * Makes the data folder's signing key where there is none; processes that start at once agree on one.
 *
 * @param dataFolder - absolute path; the key goes to `secrets/signing-key.pem`, readable by its owner only
 * @throws Error when the file that is there is no Ed25519 key
 */
export async function ensureSigningKey(dataFolder: string): Promise<{ keyId: string }> {
  const path = signingKeyPath(dataFolder);
  const existing = await readIfThere(path);
  if (existing !== undefined) return { keyId: signerOf(existing, path).keyId };
  await mkdir(join(dataFolder, 'secrets'), { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const draft = `${path}.${String(process.pid)}.tmp`;
  await writeFile(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  // A link never replaces what is there: of two processes the first wins, and no half file is ever seen.
  await link(draft, path).catch(ignoreExisting);
  await rm(draft, { force: true });
  return { keyId: signerOf(await readFile(path, 'utf8'), path).keyId };
}

/**
 * Loads a signing key.
 *
 * @param source - path of a PEM file, or the PEM itself
 * @throws Error when it cannot be read or is no private Ed25519 key
 */
export async function loadSigner(source: string): Promise<Signer> {
  return signerWith(await readSigningKey(source));
}

/**
 * Reads a signing key itself, for what is derived from it.
 *
 * @param source - path of a PEM file, or the PEM itself
 * @throws Error when it cannot be read or is no private Ed25519 key
 */
export async function readSigningKey(source: string): Promise<KeyObject> {
  const isPem = source.includes('-----BEGIN');
  const pem = isPem ? source : await readFile(source, 'utf8');
  return privateKeyOf(pem, isPem ? 'the given PEM' : source);
}

function signerOf(pem: string, where: string): Signer {
  return signerWith(privateKeyOf(pem, where));
}

function signerWith(privateKey: KeyObject): Signer {
  const publicKey = createPublicKey(privateKey);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    keyId: keyIdOf(spki),
    publicKey: spki.toString('base64'),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    publicKeyRaw: spki.subarray(spkiHeaderBytes).toString('base64'),
    sign: (bytes) => signWith(undefined, bytes, privateKey).toString('base64'),
  };
}

function privateKeyOf(pem: string, where: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new Error(`signing key in ${where}: expected a private key in PEM (PKCS 8)`, { cause });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new Error(
    `signing key in ${where}: got ${String(key.asymmetricKeyType)}, expected an Ed25519 key`,
  );
}

function keyIdOf(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex').slice(0, keyIdDigits);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function ignoreExisting(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error;
}

function codeOf(error: unknown): unknown {
  // Not by class: under a test runner, errors of Node come from another realm than ours.
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
