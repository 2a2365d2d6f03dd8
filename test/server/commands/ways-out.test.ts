import { describe, expect, test } from '@jest/globals';

import { faultOf, startServer } from '../../support/providers.ts';
import { sharedHouse } from './command-house.ts';

const KEY = 'key-of-the-test-0123456789';
const text = { output: { kind: 'text' } };

const house = sharedHouse({ secrets: { HELD_KEY: KEY }, variables: { OWN_KEY: KEY } });

describe('a key', () => {
  test('that is granted by name is in no argument, reply, trace or message', async () => {
    const fields = { ...text, environment: { OWN_KEY: { from: 'OWN_KEY' } } };
    const before = house.runs.length;
    const reply = await house.ask(['leak'], fields);
    const run = house.runs[before];

    expect(JSON.stringify(reply)).not.toContain(KEY);
    expect(reply.text).toBe('my key is [blotted out]');
    expect(run?.argv.join(' ')).not.toContain(KEY);
    expect(run?.env['OWN_KEY']).toBe(KEY);
  });

  test('that is held by the proxy reaches the provider and never the program', async () => {
    const heard: string[] = [];
    const provider = await startServer((response, path) => {
      heard.push(
        path,
        String(response.req.headers['x-own-key']),
        String(response.req.headers['x-api-key']),
        String(response.req.headers.authorization),
      );
      response.end('fine');
    });
    const url = `${provider.url}/anthropic/`;
    const upstream = { url, header: 'x-own-key', prefix: '', from: 'HELD_KEY' };
    const reply = await house.ask(['call-provider'], {
      ...text,
      environment: { BASE_URL: '{baseUrl}' },
      network: { upstream },
    });
    await provider.close();

    expect(reply.text).toBe('200 fine');
    expect(heard).toEqual(['/anthropic/v1/messages?beta=1', KEY, 'undefined', 'undefined']);
    expect(JSON.stringify(house.runs.at(-1))).not.toContain(KEY);
    expect(reply.command?.record.hosts).toEqual([new URL(provider.url).host]);
    expect(reply.command?.record.traffic).toEqual([
      {
        host: new URL(provider.url).host,
        isAllowed: true,
        requests: 1,
        sentBytes: 'Be exact.\n\nWhich one?'.length,
        receivedBytes: 'fine'.length,
      },
    ]);
  });

  test('that is missing is asked for by its name, and so is one that programs may not see', async () => {
    const missing = async (fields: object): Promise<unknown> =>
      await faultOf(house.ask(['empty'], fields));
    const upstream = { url: 'https://a', from: 'OWN_KEY' };

    expect(await missing({ environment: { A: { from: 'HELD_KEY' } } })).toMatchObject({
      code: 'key-missing',
      message:
        'HELD_KEY: not set, or none that programs may see (CONCLAVE_COMMAND_VARIABLES); agent fake needs it',
    });
    expect(await missing({ network: { upstream } })).toMatchObject({
      code: 'key-missing',
      message: 'OWN_KEY: not set; agent fake needs it',
    });
  });
});

describe('the way out', () => {
  test('is the only one: what listens on this machine is not there for a program', async () => {
    const provider = await startServer((response) => response.end('fine'));
    const network = { hosts: [new URL(provider.url).host], upstream: null };
    const directly = await house.ask(['call-directly', provider.url], { ...text, network });
    const byProxy = await house.ask(['call-by-proxy', provider.url], { ...text, network });
    await provider.close();

    expect(directly.text).toBe('not reached: ECONNREFUSED');
    expect(byProxy.text).toBe('200 fine');
    expect(directly.command?.record.traffic).toEqual([]);
  });

  test('refuses what is not granted, says why, and counts it', async () => {
    const fields = { ...text, network: { hosts: ['127.0.0.1:9'], upstream: null } };
    const reply = await house.ask(['call-by-proxy', 'http://elsewhere.example.com/a'], fields);

    expect(reply.text).toMatch(/^403 elsewhere\.example\.com:80 is not among the hosts/);
    expect(reply.command?.record.hosts).toEqual(['127.0.0.1:9']);
    expect(reply.command?.record.traffic).toMatchObject([
      { host: 'elsewhere.example.com:80', isAllowed: false, requests: 1 },
    ]);
  });

  test('is refused where the list of the house does not have it', async () => {
    const asked = house.ask(['empty'], { network: { hosts: ['forbidden.example.com:443'] } });

    expect(await faultOf(asked)).toMatchObject({
      code: 'host-not-allowed',
      message: expect.stringContaining('forbidden.example.com'),
    });
  });
});
