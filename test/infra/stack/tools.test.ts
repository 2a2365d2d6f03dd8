import { describe, expect, test } from '@jest/globals';

import { findTool, obtainTool, TEMPORAL, VERSITYGW } from '../../../infra/stack/tools.ts';
import type { ToolSearch } from '../../../infra/stack/tools.ts';

const GOOD = 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)';
const OLD = 'temporal version 1.0.0 (Server 1.24.2, UI 2.30.0)';
const CACHED = '/cache/temporal-1.9.1';

describe('obtainTool', () => {
  test('prefers the configured path, then PATH, then the cache', async () => {
    const files = { '/mine': GOOD, '/usr/bin/temporal': GOOD, [CACHED]: GOOD };

    const configured = await obtainTool(TEMPORAL, machine({ files, explicit: '/mine' }));
    const onPath = await obtainTool(TEMPORAL, machine({ files }));
    const cached = await obtainTool(TEMPORAL, machine({ files: { [CACHED]: GOOD } }));

    expect(configured).toEqual({ path: '/mine', version: '1.32.0', source: 'configuration' });
    expect(onPath).toMatchObject({ path: '/usr/bin/temporal', source: 'path' });
    expect(cached).toMatchObject({ path: CACHED, source: 'cache' });
  });

  test('passes by a copy on PATH that is too old', async () => {
    const files = { '/usr/bin/temporal': OLD, [CACHED]: GOOD };

    expect(await obtainTool(TEMPORAL, machine({ files }))).toMatchObject({ source: 'cache' });
  });

  test('refuses a configured path that is not the tool instead of looking elsewhere', async () => {
    const search = machine({ files: { '/mine': 'ls 9.1', [CACHED]: GOOD }, explicit: '/mine' });

    await expect(obtainTool(TEMPORAL, search)).rejects.toThrow(/^CONCLAVE_TEMPORAL_BIN does not/);
  });

  test('downloads before it builds', async () => {
    const search = machine({ downloads: GOOD, builds: GOOD });

    expect(await obtainTool(TEMPORAL, search)).toMatchObject({ path: CACHED, source: 'download' });
  });

  test('builds when the download fails', async () => {
    expect(await obtainTool(TEMPORAL, machine({ builds: GOOD }))).toMatchObject({
      source: 'build',
    });
  });

  test('builds when the download does not run here', async () => {
    const search = machine({ downloads: '', builds: GOOD });

    expect(await obtainTool(TEMPORAL, search)).toMatchObject({ source: 'build' });
  });

  test('names the reasons and three ways out when nothing works', async () => {
    const attempt = obtainTool(TEMPORAL, machine({}));

    await expect(attempt).rejects.toThrow(
      /download: no network; build: no Go[^]*CONCLAVE_TEMPORAL_BIN[^]*Go 1\.26[^]*CONCLAVE_TEMPORAL_ADDRESS/,
    );
  });
});

test('findTool changes nothing: it neither downloads nor builds', async () => {
  expect(await findTool(TEMPORAL, machine({ downloads: GOOD, builds: GOOD }))).toBeUndefined();
});

describe('versions', () => {
  test.each([
    ['Version  : v1.8.0\nBuild    : abc', '1.8.0'],
    ['Version  : git\nBuild    : norev', '1.8.0'],
    ['something else', undefined],
  ])('of versitygw in %j is %p', (output, version) => {
    expect(VERSITYGW.versionIn(output)).toBe(version);
  });

  test.each([
    ['linux', 'x64', true],
    ['darwin', 'arm64', true],
    ['sunos', 'x64', false],
    ['linux', 'ppc64', false],
  ])('a release for %s %s exists: %p', (platform, arch, exists) => {
    for (const tool of [TEMPORAL, VERSITYGW]) {
      const url = tool.releaseUrl(platform, arch);
      expect(url?.startsWith('https://github.com/') ?? false).toBe(exists);
    }
  });
});

/** A machine with these files, on which a download or a build puts a file into the cache. */
function machine(options: {
  files?: Record<string, string>;
  explicit?: string;
  downloads?: string;
  builds?: string;
}): ToolSearch {
  const files = new Map(Object.entries(options.files ?? {}));
  const put = (output: string | undefined, reason: string): Promise<string | undefined> => {
    if (output === undefined) return Promise.resolve(reason);
    files.set(CACHED, output);
    return Promise.resolve(undefined);
  };
  return {
    explicit: options.explicit,
    onPath: ['/usr/local/bin/temporal', '/usr/bin/temporal'],
    cached: CACHED,
    versionOutput: (path) => Promise.resolve(files.get(path)),
    download: () => put(options.downloads, 'no network'),
    build: () => put(options.builds, 'no Go'),
  };
}
