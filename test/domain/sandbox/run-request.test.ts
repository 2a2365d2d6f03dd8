import { describe, expect, test } from '@jest/globals';

import { faultsOf } from '../../../domain/collaboration/request-schema.ts';
import { folderFaults, sandboxRunOf } from '../../../domain/sandbox/granted-folders.ts';
import type { SandboxFolder } from '../../../domain/sandbox/granted-folders.ts';
import { limitRanges } from '../../../domain/sandbox/limits.ts';
import { completeRequest, sandboxRequestSchema } from '../../../domain/sandbox/run-request.ts';
import type { SandboxRequest } from '../../../domain/sandbox/run-request.ts';

const snippet = { lane: 'javascript', code: 'output(1)' } as const;
const python = { lane: 'python', code: 'output(1)' } as const;
const command = { lane: 'command', argv: ['/bin/true'] } as const;
const grant = { folder: 'sources', path: '/work', mode: 'copy' } as const;

function faults(body: unknown): readonly { field: string; got: string; expected: string }[] {
  const result = sandboxRequestSchema.safeParse(body);
  return result.success ? [] : faultsOf(result.error, body);
}

describe('a request', () => {
  test.each([
    [snippet],
    [python],
    [command],
    [{ ...snippet, stdin: '', seed: 's', limits: { fuel: 1, timeMs: 1 } }],
    [{ ...python, env: { A_1: '' }, stdin: 'x', grants: [grant] }],
    [{ ...command, workFolder: '/work/.hidden/a..b', grants: [grant], env: { _: 'x' } }],
  ])('is taken as %j', (body) => {
    expect(faults(body)).toEqual([]);
  });

  test.each<[string, object, { field: string; got: string; expected: RegExp }]>([
    [
      'a lane that is none',
      { lane: 'perl', code: 'x' },
      { field: 'lane', got: '"perl"', expected: /one of javascript, python, command/ },
    ],
    [
      'a snippet without code',
      { lane: 'python' },
      { field: 'code', got: 'nothing', expected: /for the lane python/ },
    ],
    [
      'an empty snippet',
      { ...snippet, code: '' },
      { field: 'code', got: '""', expected: /code of 1 to 1,000,000 characters/ },
    ],
    [
      'code with the character 0',
      { ...snippet, code: 'a\0' },
      { field: 'code', got: '"a\\u0000"', expected: /none of them number 0/ },
    ],
    [
      'code with half a character',
      { ...snippet, code: '\ud800' },
      { field: 'code', got: '"\\ud800"', expected: /characters of Unicode/ },
    ],
    [
      'a command without argv',
      { lane: 'command' },
      { field: 'argv', got: 'nothing', expected: /for the lane command/ },
    ],
    [
      'an empty argv',
      { ...command, argv: [] },
      { field: 'argv', got: 'an empty list', expected: /a list of 1 to 1000/ },
    ],
    [
      'an argument that is no text',
      { ...command, argv: ['a', 1] },
      { field: 'argv[1]', got: '1', expected: /an argument of 0/ },
    ],
    [
      'code beside a command',
      { ...command, code: 'x' },
      { field: 'code', got: '"x"', expected: /lane command has no code/ },
    ],
    [
      'argv beside a snippet',
      { ...snippet, argv: ['x'] },
      { field: 'argv', got: 'a list of 1', expected: /has no argv/ },
    ],
    [
      'a work folder of a snippet',
      { ...python, workFolder: '/w' },
      { field: 'workFolder', got: '"/w"', expected: /has no workFolder/ },
    ],
    [
      'grants of JavaScript',
      { ...snippet, grants: [] },
      { field: 'grants', got: 'an empty list', expected: /has no grants/ },
    ],
    [
      'variables of JavaScript',
      { ...snippet, env: {} },
      { field: 'env', got: 'an object with 0 fields', expected: /has no env/ },
    ],
    [
      'fuel of a command',
      { ...command, limits: { fuel: 1 } },
      { field: 'limits.fuel', got: '1', expected: /has no fuel/ },
    ],
    [
      'a limit beyond its range',
      { ...command, limits: { timeMs: 0 } },
      { field: 'limits.timeMs', got: '0', expected: /from 1 to 3600000/ },
    ],
    [
      'a limit of its own invention',
      { ...command, limits: { cores: 2 } },
      { field: 'limits.cores', got: '2', expected: /timeMs/ },
    ],
    [
      'a relative work folder',
      { ...command, workFolder: 'w' },
      { field: 'workFolder', got: '"w"', expected: /an absolute path/ },
    ],
    [
      'a path that climbs',
      { ...command, workFolder: '/a/../b' },
      { field: 'workFolder', got: '"/a/../b"', expected: /without \. and \.\./ },
    ],
    [
      'a path of the host',
      { ...command, grants: [{ host: '/etc', path: '/work', mode: 'read' }] },
      { field: 'grants[0].host', got: '"/etc"', expected: /folder, path, mode/ },
    ],
    [
      'a mode that is none',
      { ...command, grants: [{ ...grant, mode: 'all' }] },
      { field: 'grants[0].mode', got: '"all"', expected: /read, copy, write/ },
    ],
    [
      'a variable of a strange name',
      { ...command, env: { 'A-B': '' } },
      { field: 'env["A-B"]', got: '"A-B"', expected: /a letter or _/ },
    ],
    [
      'too many variables',
      {
        ...command,
        env: Object.fromEntries(
          Array.from({ length: 101 }, (_, index) => [`V${String(index)}`, '']),
        ),
      },
      { field: 'env', got: 'an object with 101 fields', expected: /at most 100 variables/ },
    ],
    [
      'a field of its own invention',
      { ...command, shell: true },
      { field: 'shell', got: 'true', expected: /one of the fields lane, code/ },
    ],
  ])('is refused with %s', (_, body, fault) => {
    expect(faults(body)).toContainEqual({
      ...fault,
      expected: expect.stringMatching(fault.expected),
    });
  });
});

describe('a complete request', () => {
  test('has every limit and setting', () => {
    expect(completeRequest(command as SandboxRequest, 'drawn')).toEqual({
      lane: 'command',
      argv: ['/bin/true'],
      workFolder: '/work',
      grants: [],
      env: {},
      stdin: '',
      seed: 'drawn',
      limits: Object.fromEntries(
        Object.entries(limitRanges).map(([name, { usual }]) => [name, usual]),
      ),
    });
  });

  test('keeps what was named; the processor has as long as the run unless it is told', () => {
    const request = { ...snippet, limits: { timeMs: 5 }, stdin: 'in', seed: 'mine' };

    const asked = completeRequest(request, 'drawn');

    expect(asked).toMatchObject({
      lane: 'javascript',
      code: 'output(1)',
      stdin: 'in',
      seed: 'mine',
    });
    expect(asked.limits).toMatchObject({ timeMs: 5, processorMs: 5 });
  });

  test('of the wrong shape has nothing to run', () => {
    expect(completeRequest({ lane: 'python' }, 's')).toMatchObject({ code: '' });
    expect(completeRequest({ lane: 'command' }, 's')).toMatchObject({ argv: [] });
  });
});

describe('granted folders', () => {
  const folders: SandboxFolder[] = [
    { name: 'sources', host: '/srv/sources', mode: 'copy' },
    { name: 'cache', host: '/srv/cache', mode: 'write' },
  ];

  test('are those of the configuration, up to what it allows', () => {
    const grants = [
      grant,
      { ...grant, mode: 'read' as const },
      { folder: 'cache', path: '/c', mode: 'write' as const },
    ];

    expect(folderFaults(grants, folders)).toEqual([]);
  });

  test('are refused where they are not there, or more is asked for', () => {
    const grants = [
      { ...grant, folder: 'etc' },
      { ...grant, mode: 'write' as const },
    ];

    expect(folderFaults(grants, folders)).toEqual([
      { field: 'grants[0].folder', got: '"etc"', expected: 'one of sources, cache' },
      { field: 'grants[1].mode', got: '"write"', expected: 'read or copy, for the folder sources' },
    ]);
    expect(folderFaults([grant], [])).toEqual([
      {
        field: 'grants[0].folder',
        got: '"sources"',
        expected: 'no grant: no folder is configured',
      },
    ]);
  });

  test('become paths of the host', () => {
    const asked = completeRequest({ ...command, grants: [grant] }, 's');

    expect(sandboxRunOf(asked, folders).grants).toEqual([
      { host: '/srv/sources', path: '/work', mode: 'copy' },
    ]);
  });
});
