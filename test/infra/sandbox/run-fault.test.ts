import { expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { CommandRun } from '../../../domain/sandbox/run.ts';
import { faultOfCommand, faultOfTexts } from '../../../infra/sandbox/run-fault.ts';

const run: CommandRun = {
  lane: 'command',
  argv: ['/bin/true', ''],
  workFolder: '/work',
  grants: [],
  env: { A_1: 'text', _b: '' },
  stdin: '',
  seed: 'seed',
  limits: completeLimits({}),
};

test('finds nothing wrong with an ordinary command', () => {
  expect(faultOfCommand(run, '/state')).toBeUndefined();
});

test.each<[string, Partial<CommandRun>, RegExp]>([
  ['no program', { argv: [] }, /^argv: got 0 words/],
  ['an empty program', { argv: [''] }, /^argv: /],
  ['a zero byte in an argument', { argv: ['/bin/true', 'a\0b'] }, /^argv\[1\]: got a zero byte/],
  ['a zero byte in a value', { env: { A: 'x\0--bind' } }, /^env\.A: got a zero byte/],
  ['a name with a sign', { env: { 'A=B': '' } }, /^env: got the name A=B/],
  ['a name with a zero byte', { env: { 'A\0': '' } }, /^env: got the name/],
  ['an endless value', { env: { A: 'x'.repeat(200_000) } }, /^env\.A: .*too much/],
  ['a zero byte in the seed', { seed: '\0' }, /^seed: /],
  ['a relative work folder', { workFolder: 'work' }, /^workFolder: got work/],
  ['a work folder that climbs', { workFolder: '/work/..' }, /^workFolder: /],
  [
    'a grant of the sandbox’s own',
    { grants: [{ host: '/state', path: '/s', mode: 'read' }] },
    /^grants\[0\]/,
  ],
])('refuses %s, naming the field', (_, changes, fault) => {
  expect(faultOfCommand({ ...run, ...changes }, '/state')).toMatch(fault);
});

test('refuses a seed that no engine could be told, in every language', () => {
  expect(faultOfTexts({ code: '', stdin: '', seed: 'x'.repeat(9000) })).toBe(
    'seed: got 9000 bytes, expected at most 8192, none of them zero',
  );
});
