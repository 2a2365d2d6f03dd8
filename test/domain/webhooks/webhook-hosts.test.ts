import { describe, expect, test } from '@jest/globals';

import { webhookHosts } from '../../../domain/webhooks/webhook-hosts.ts';

const judge = (url: string, hosts: readonly string[] = [], loopback = false) => {
  const verdict = webhookHosts({ hosts, loopback })(new URL(url));
  return verdict.ok ? verdict.reach : verdict.reason;
};

describe('hosts of webhooks', () => {
  test.each([
    ['http://127.0.0.1:8080/hook', 'loopback'],
    ['http://localhost/hook', 'loopback'],
    ['https://[::1]/hook', 'loopback'],
    ['https://hooks.example/', 'not-listed'],
    ['http://169.254.169.254/', 'not-listed'],
  ])('by default in local mode: %s is %s', (url, expected) => {
    expect(judge(url, [], true)).toBe(expected);
  });

  test.each([
    ['http://127.0.0.1:8080/hook', 'not-listed'],
    ['https://localhost/hook', 'not-listed'],
    ['https://hooks.example/', 'not-listed'],
  ])('by default elsewhere: %s is %s', (url, expected) => {
    expect(judge(url)).toBe(expected);
  });

  test.each([
    ['https://hooks.example/a', 'named'],
    ['https://hooks.example:8443/a', 'named'],
    ['http://hooks.example/a', 'not-https'],
    ['https://other.example:8443/', 'named'],
    ['https://other.example/', 'not-listed'],
    ['https://a.inside.example/', 'public'],
    ['https://inside.example/', 'not-listed'],
    ['http://a.inside.example/', 'not-https'],
    ['https://10.1.2.3/', 'named'],
    ['http://127.0.0.1:9000/', 'named'],
    ['https://evil-hooks.example/', 'not-listed'],
  ])('listed: %s is %s', (url, expected) => {
    const hosts = [
      ...['Hooks.example', 'other.example:8443', '*.inside.example'],
      ...['10.1.2.3', '127.0.0.1:9000'],
    ];
    expect(judge(url, hosts)).toBe(expected);
  });

  test('an asterisk is every public host, and not this machine', () => {
    expect(judge('https://anything.example/', ['*'])).toBe('public');
    expect(judge('http://anything.example/', ['*'])).toBe('not-https');
    expect(judge('http://127.0.0.1/', ['*'])).toBe('not-listed');
    expect(judge('http://127.0.0.1/', ['*'], true)).toBe('loopback');
  });
});
