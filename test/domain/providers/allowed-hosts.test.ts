import { describe, expect, test } from '@jest/globals';

import { allowedHosts } from '../../../domain/providers/allowed-hosts.ts';

const closed = allowedHosts({ hosts: [], loopback: false });
const local = allowedHosts({ hosts: [], loopback: true });
const listed = allowedHosts({
  hosts: ['models.example', 'other.example:8443', '*.inside.example'],
  loopback: false,
});

describe('the list of hosts that may be called', () => {
  test.each([
    'https://api.anthropic.com/v1/messages',
    'https://api.openai.com/v1',
    'https://generativelanguage.googleapis.com/v1beta',
    'https://api.mistral.ai/v1',
    'https://api.x.ai/v1',
  ])('has the known provider at %s', (url) => {
    expect(closed(new URL(url))).toBe(true);
  });

  test.each([
    'http://api.openai.com/v1',
    'https://api.openai.com:8443/v1',
    'https://api.openai.com.evil.example/v1',
    'https://user:secret@api.openai.com/v1',
    'https://:secret@api.openai.com/v1',
    'http://127.0.0.1:11434/api',
    'ftp://api.openai.com/',
    'https://elsewhere.example/',
  ])('does not have %s', (url) => {
    expect(closed(new URL(url))).toBe(false);
  });

  test.each([
    'http://127.0.0.1:9000/v1',
    'http://localhost:1/',
    'http://[::1]:1/',
    'http://127.8.9.1/',
  ])('has this machine, %s, in local mode', (url) => {
    expect(local(new URL(url))).toBe(true);
  });

  test.each([
    'http://127.0.0.1.evil.example/',
    'http://10.0.0.1/',
    'http://localhost.evil.example/',
  ])('does not take %s for this machine', (url) => {
    expect(local(new URL(url))).toBe(false);
  });

  test.each([
    ['https://models.example/v1', true],
    ['http://models.example:9000/v1', true],
    ['https://MODELS.example/v1', true],
    ['https://sub.models.example/v1', false],
    ['https://other.example:8443/v1', true],
    ['https://other.example/v1', false],
    ['https://a.inside.example/', true],
    ['https://inside.example/', false],
    ['http://models.example/', true],
    ['http://evilinside.example/', false],
  ])('takes the list at its word: %s is %p', (url, expected) => {
    expect(listed(new URL(url))).toBe(expected);
  });
});
