import { expect, test } from '@jest/globals';

import { completeLimits } from '../../../../domain/sandbox/limits.ts';
import {
  dockerArguments,
  isSayableToDocker,
} from '../../../../infra/sandbox/oci/docker-arguments.ts';
import type { DockerShape } from '../../../../infra/sandbox/oci/docker-arguments.ts';
import { fullyProtected } from '../../../../infra/sandbox/protections.ts';

const shape: DockerShape = {
  name: 'container',
  labels: { ours: 'yes' },
  image: 'image',
  runtime: 'runsc',
  uid: 200_001,
  mounts: [
    { source: '/host/a', path: '/work', isWritable: true },
    { source: '/host/b', path: '/given', isWritable: false },
  ],
  variablesFile: '/host/variables',
  workFolder: '/work',
  limits: completeLimits({
    memoryBytes: 64 << 20,
    processes: 10,
    openFiles: 32,
    processorMs: 1500,
  }),
  argv: ['program', '--option'],
  without: fullyProtected,
};

function following(args: readonly string[], name: string): string[] {
  return args.flatMap((each, index) => (each === name ? [args[index + 1] ?? ''] : []));
}

test('a container has no network, nothing to write but what is given, and no way to more', () => {
  const args = dockerArguments(shape);

  expect(following(args, '--network')).toEqual(['none']);
  expect(following(args, '--ipc')).toEqual(['private']);
  expect(args).toContain('--read-only');
  expect(following(args, '--tmpfs')).toEqual(['/sys:ro,size=4k,mode=555']);
  expect(following(args, '--cap-drop')).toEqual(['ALL']);
  expect(following(args, '--security-opt')).toEqual(['no-new-privileges']);
  expect(following(args, '--user')).toEqual(['200001:200001']);
  expect(following(args, '--pull')).toEqual(['never']);
  expect(following(args, '--runtime')).toEqual(['runsc']);
  expect(following(args, '--mount')).toEqual([
    'type=bind,source=/host/a,target=/work',
    'type=bind,source=/host/b,target=/given,readonly',
  ]);
});

test('a container is limited in memory, processes, files and processor time', () => {
  const args = dockerArguments(shape);

  expect(following(args, '--memory')).toEqual([String(64 << 20)]);
  expect(following(args, '--memory-swap')).toEqual([String(64 << 20)]);
  expect(following(args, '--pids-limit')).toEqual(['12']);
  expect(following(args, '--ulimit')).toEqual(
    expect.arrayContaining(['core=0:0', 'nofile=32:32', 'cpu=3:4']),
  );
});

test('the first program is ours, and the run’s words come behind the image', () => {
  const args = dockerArguments(shape);

  expect(following(args, '--entrypoint')).toEqual(['/enter']);
  expect(args.slice(args.indexOf('image'))).toEqual([
    ...['image', '/bin/sh', '-c', 'exec "$@"', 'sh'],
    ...['program', '--option'],
  ]);
});

test('no variable is named among the words', () => {
  expect(following(dockerArguments(shape), '--env-file')).toEqual(['/host/variables']);
  expect(dockerArguments(shape)).not.toContain('--env');
});

test('an engine without gVisor uses its own runtime', () => {
  expect(dockerArguments({ ...shape, runtime: null })).not.toContain('--runtime');
});

test.each(['/a,readonly=false', '/a"b', '/a\nb'])(
  'the path %j cannot be said to Docker',
  (path) => {
    expect(isSayableToDocker(path)).toBe(false);
  },
);
