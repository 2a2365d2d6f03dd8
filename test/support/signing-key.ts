import { generateKeyPairSync } from 'node:crypto';

/** Draws a private key to sign with, as PEM. */
export function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
