import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

import { readSigningKey } from './signing.ts';

/** Keeps secrets that have to be read again in the database, without the database being able to. */
export interface SecretBox {
  /**
   * Seals a text.
   *
   * @param text - the secret
   * @param place - where it is kept; it opens there only
   */
  seal(text: string, place: string): Buffer;
  /** Opens what was sealed for this place; undefined when it was not, or under another key. */
  open(sealed: Uint8Array, place: string): string | undefined;
}

const cipher = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
/** First byte of what is sealed, so that another form can follow. */
const version = 1;

/**
 * Opens the box whose key is derived from a signing key (HKDF, RFC 5869, with SHA-256), which every process has: there is
 * no second secret to hand out. What is sealed is AES-256-GCM: version, nonce, tag, text.
 *
 * @param source - path of the signing key's PEM file, or the PEM itself
 * @param purpose - separates this key from all others derived from the same
 * @throws Error when the key cannot be read or is no private Ed25519 key
 */
export async function openSecretBox(source: string, purpose: string): Promise<SecretBox> {
  const seed = (await readSigningKey(source)).export({ format: 'jwk' }).d ?? '';
  const material = Buffer.from(seed, 'base64url');
  const key = Buffer.from(hkdfSync('sha256', material, '', `conclave ${purpose}`, keyBytes));
  return {
    seal: (text, place) => {
      const nonce = randomBytes(nonceBytes);
      const sealing = createCipheriv(cipher, key, nonce).setAAD(Buffer.from(place));
      const body = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()]);
      return Buffer.concat([Buffer.from([version]), nonce, sealing.getAuthTag(), body]);
    },
    open: (sealed, place) => {
      const bytes = Buffer.from(sealed);
      const nonce = bytes.subarray(1, 1 + nonceBytes);
      const tag = bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes);
      if (bytes[0] !== version || tag.length < tagBytes) return undefined;
      const opening = createDecipheriv(cipher, key, nonce).setAAD(Buffer.from(place));
      opening.setAuthTag(tag);
      try {
        const body = bytes.subarray(1 + nonceBytes + tagBytes);
        return Buffer.concat([opening.update(body), opening.final()]).toString('utf8');
      } catch {
        return undefined; // another key, another place, or damaged: GCM does not say which
      }
    },
  };
}
