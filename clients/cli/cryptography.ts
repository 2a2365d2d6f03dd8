import { createPublicKey, hash, verify } from 'node:crypto';

import type { Cryptography } from '../../domain/ledger/verification.ts';

const keyIdDigits = 16;

/** The arithmetic of a verification, by Node's own cryptography. */
export const cryptography: Cryptography = {
  sha256: (text) => hash('sha256', text, 'hex'),
  keyIdOf: (publicKey) =>
    hash('sha256', Buffer.from(publicKey, 'base64'), 'hex').slice(0, keyIdDigits),
  verifySignature: ({ publicKey, signature, bytes }) => {
    try {
      const spki = Buffer.from(publicKey, 'base64');
      const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
      const isEd25519 = key.asymmetricKeyType === 'ed25519';
      return isEd25519 && verify(undefined, bytes, key, Buffer.from(signature, 'base64'));
    } catch {
      return false; // a malformed key fits nothing
    }
  },
};
