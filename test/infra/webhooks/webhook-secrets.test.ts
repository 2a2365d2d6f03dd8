import { beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';

import { openSecretBox } from '../../../infra/secret-box.ts';
import { openWebhookSecrets, signatureOf } from '../../../infra/webhooks/webhook-secrets.ts';
import { newSigningKey } from '../../support/signing-key.ts';

let pem: string;
const place = { tenantId: 'one', webhookId: 'wh_1' };

beforeAll(() => {
  pem = newSigningKey();
});

describe('signatures', () => {
  test("are those of the standard's published example", () => {
    const content = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
    };

    expect(signatureOf(content, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  test('are taken by the reference library under each secret that signs, and by no other', async () => {
    const secrets = await openWebhookSecrets(pem);
    const [first, second, other] = [1, 2, 3].map(() => secrets.create(place).secret);
    const body = JSON.stringify({ type: 'x', text: 'ä 💡' });
    const timestamp = Math.floor(Date.now() / 1000);
    const headers = {
      'webhook-id': 'msg_c_1_7',
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf({ id: 'msg_c_1_7', timestamp, body }, [
        second ?? '',
        first ?? '',
      ]),
    };

    expect(new Webhook(first ?? '').verify(body, headers)).toEqual(JSON.parse(body));
    expect(new Webhook(second ?? '').verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(other ?? '').verify(body, headers)).toThrow(/signature/i);
    expect(() => new Webhook(first ?? '').verify(`${body} `, headers)).toThrow(/signature/i);
  });
});

describe('secrets', () => {
  test('have the form of the standard, and are never the same', async () => {
    const secrets = await openWebhookSecrets(pem);

    const made = Array.from({ length: 50 }, () => secrets.create(place).secret);

    expect(made.every((secret) => /^whsec_[A-Za-z0-9+/]{32}$/.test(secret))).toBe(true);
    expect(new Set(made).size).toBe(50);
  });

  test('open under the same signing key, in their own place', async () => {
    const { secret, sealed } = (await openWebhookSecrets(pem)).create(place);
    const reopened = await openWebhookSecrets(pem);

    expect(reopened.open(sealed, place)).toBe(secret);
    expect(reopened.open(sealed, { ...place, tenantId: 'two' })).toBeUndefined();
    expect(reopened.open(sealed, { ...place, webhookId: 'wh_2' })).toBeUndefined();
    expect((await openWebhookSecrets(newSigningKey())).open(sealed, place)).toBeUndefined();
    expect(sealed.toString('latin1')).not.toContain(secret);
  });

  test('do not open when a byte was changed, or all but some were lost', async () => {
    const box = await openSecretBox(pem, 'a test');
    const sealed = box.seal('secret', 'here');

    const broken = sealed.map((byte, index) => (index === sealed.length - 1 ? byte ^ 1 : byte));

    expect(box.open(sealed, 'here')).toBe('secret');
    expect(box.open(broken, 'here')).toBeUndefined();
    expect(box.open(sealed.subarray(0, 5), 'here')).toBeUndefined();
    expect(box.open(Buffer.alloc(0), 'here')).toBeUndefined();
    expect((await openSecretBox(pem, 'another')).open(sealed, 'here')).toBeUndefined();
  });
});
