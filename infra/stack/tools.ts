import { StackFault } from './stack-fault.ts';

/** A program that the stack needs and npm does not bring. */
export interface Tool {
  readonly name: 'temporal' | 'versitygw';
  /** The release that is downloaded or built. */
  readonly release: string;
  /** The variable that names one's own copy. */
  readonly variable: string;
  /** The variable that makes the tool unnecessary. */
  readonly replacement: string;
  /** Where Go finds its source, inside the module `infra/tools`. */
  readonly goPackage: string;
  /** Finds the version in what `--version` says; undefined when it is not the tool. */
  versionIn(output: string): string | undefined;
  /** Least version that will do. */
  readonly versionMin: readonly [number, number];
  /** Address of the official release for a platform; undefined when there is none for it. */
  releaseUrl(platform: string, arch: string): string | undefined;
}

/** A tool that was found. */
export interface FoundTool {
  readonly path: string;
  readonly version: string;
  readonly source: 'configuration' | 'path' | 'cache' | 'download' | 'build';
}

/** What the search may do on this machine; tests pass their own. */
export interface ToolSearch {
  /** The configured path, when there is one. */
  readonly explicit: string | undefined;
  /** Paths at which the tool may lie because of PATH, in order. */
  readonly onPath: readonly string[];
  /** Where our own copy is kept. */
  readonly cached: string;
  /** Says what `--version` prints; undefined when the file is absent or does not run. */
  versionOutput(path: string): Promise<string | undefined>;
  /** Puts the official release at `cached`; answers why not when it could not. */
  download(): Promise<string | undefined>;
  /** Builds the tool to `cached`; answers why not when it could not. */
  build(): Promise<string | undefined>;
}

/** The Temporal command-line tool, which holds server and UI. */
export const TEMPORAL: Tool = {
  name: 'temporal',
  release: '1.9.1',
  variable: 'CONCLAVE_TEMPORAL_BIN',
  replacement: 'CONCLAVE_TEMPORAL_ADDRESS',
  goPackage: 'github.com/temporalio/cli/cmd/temporal',
  versionIn: (output) => /Server (\d+\.\d+\.\d+)/.exec(output)?.[1],
  versionMin: [1, 31],
  releaseUrl: (platform, arch) => {
    const system = { linux: 'linux', darwin: 'darwin' }[platform];
    const machine = { x64: 'amd64', arm64: 'arm64' }[arch];
    if (system === undefined || machine === undefined) return undefined;
    return `https://github.com/temporalio/cli/releases/download/v1.9.1/temporal_cli_1.9.1_${system}_${machine}.tar.gz`;
  },
};

/** The S3 server over a plain folder. */
export const VERSITYGW: Tool = {
  name: 'versitygw',
  release: '1.8.0',
  variable: 'CONCLAVE_S3_BIN',
  replacement: 'CONCLAVE_S3_ENDPOINT',
  goPackage: 'github.com/versity/versitygw/cmd/versitygw',
  // A build of our own says "git": its version is that of go.mod.
  versionIn: (output) => {
    const said = /^Version\s*:\s*v?(\S+)/m.exec(output)?.[1];
    return said === 'git' ? '1.8.0' : said;
  },
  versionMin: [1, 8],
  releaseUrl: (platform, arch) => {
    const system = { linux: 'Linux', darwin: 'Darwin' }[platform];
    const machine = { x64: 'x86_64', arm64: 'arm64' }[arch];
    if (system === undefined || machine === undefined) return undefined;
    return `https://github.com/versity/versitygw/releases/download/v1.8.0/versitygw_v1.8.0_${system}_${machine}.tar.gz`;
  },
};

/**
 * Finds a tool without changing anything: the configured path, PATH if the version will do, our cache.
 *
 * @returns undefined when it is nowhere.
 * @throws StackFault when the configured path is not the tool.
 */
export async function findTool(tool: Tool, search: ToolSearch): Promise<FoundTool | undefined> {
  if (search.explicit !== undefined) {
    const version = await versionAt(tool, search, search.explicit);
    if (version !== undefined) return { path: search.explicit, version, source: 'configuration' };
    throw new StackFault(`${tool.variable} does not name a ${tool.name} that runs here`);
  }
  for (const path of search.onPath) {
    const version = await versionAt(tool, search, path);
    if (version !== undefined && isRecent(version, tool.versionMin)) {
      return { path, version, source: 'path' };
    }
  }
  const version = await versionAt(tool, search, search.cached);
  return version === undefined ? undefined : { path: search.cached, version, source: 'cache' };
}

/**
 * Finds a tool, or gets it: the official release first, then a build from source.
 *
 * @throws StackFault with the three ways out when nothing works.
 */
export async function obtainTool(tool: Tool, search: ToolSearch): Promise<FoundTool> {
  const found = await findTool(tool, search);
  if (found !== undefined) return found;
  const reasons: string[] = [];
  for (const source of ['download', 'build'] as const) {
    const reason = await search[source]();
    const version = reason === undefined ? await versionAt(tool, search, search.cached) : undefined;
    if (version !== undefined) return { path: search.cached, version, source };
    reasons.push(`${source}: ${reason ?? 'what came does not run here'}`);
  }
  throw new StackFault(
    `${tool.name} is not on this machine, and could not be had (${reasons.join('; ')}). Three ways out:\n` +
      `  1. install it (version ${tool.versionMin.join('.')} or newer) on your PATH, or set ${tool.variable} to it;\n` +
      `  2. install Go 1.26 or newer and run this again: it will be built;\n` +
      `  3. use a running one of yours: set ${tool.replacement}.`,
  );
}

async function versionAt(
  tool: Tool,
  search: ToolSearch,
  path: string,
): Promise<string | undefined> {
  const output = await search.versionOutput(path);
  return output === undefined ? undefined : tool.versionIn(output);
}

function isRecent(version: string, [majorMin, minorMin]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > majorMin || (major === majorMin && minor >= minorMin);
}
