import { describe, expect, test } from '@jest/globals';

import { addressKind, mayCall } from '../../../activities/webhooks/address-kind.ts';

describe('where an address lies', () => {
  test.each([
    ['8.8.8.8', 'public'],
    ['172.15.255.255', 'public'],
    ['172.32.0.0', 'public'],
    ['2606:4700::1111', 'public'],
    ['::ffff:8.8.8.8', 'special'],
    ['127.0.0.1', 'loopback'],
    ['127.255.1.2', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['::ffff:10.0.0.1', 'private'],
    ['169.254.169.254', 'special'],
    ['::ffff:169.254.169.254', 'special'],
    ['::ffff:a9fe:a9fe', 'special'],
    ['100.100.100.200', 'special'],
    ['168.63.129.16', 'special'],
    ['fd00:ec2::254', 'special'],
    ['0.0.0.0', 'special'],
    ['::', 'special'],
    ['224.0.0.1', 'special'],
    ['255.255.255.255', 'special'],
    ['fe80::1', 'special'],
    ['fe80::1%eth0', 'special'],
    ['ff02::1', 'special'],
    ['64:ff9b::a9fe:a9fe', 'special'],
    ['2002:7f00:1::', 'special'],
    ['2001:0:1::', 'special'],
    ['::7f00:1', 'special'],
    ['nonsense', 'special'],
    ['', 'special'],
  ])('%s is %s', (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });
});

describe('an address may be called', () => {
  test.each([
    ['public', ['8.8.8.8']],
    ['loopback', ['127.0.0.1']],
    ['named', ['8.8.8.8', '127.0.0.1', '10.0.0.1']],
  ] as const)('by a host of reach %s: %j', (reach, expected) => {
    const all = ['8.8.8.8', '127.0.0.1', '10.0.0.1', '169.254.169.254'];

    expect(all.filter((address) => mayCall(address, { reach, isAddress: false }))).toEqual(
      expected,
    );
  });

  test('that the operator wrote down itself, even a special one', () => {
    expect(mayCall('169.254.1.1', { reach: 'named', isAddress: true })).toBe(true);
    expect(mayCall('169.254.1.1', { reach: 'public', isAddress: true })).toBe(false);
  });
});
