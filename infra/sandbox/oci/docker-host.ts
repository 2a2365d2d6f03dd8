import { existsSync } from 'node:fs';

import type { BackendProof } from '../../../domain/sandbox/run.ts';
import { isSameProcess } from '../../stack/process-identity.ts';
import { tryOut } from '../backend-probe.ts';
import type { ProbeOutcome } from '../backend-probe.ts';
import { setUpHost } from '../host.ts';
import type { HostOptions, SandboxHost } from '../host.ts';
import { dockerEngine } from './docker-engine.ts';
import type { DockerEngine } from './docker-engine.ts';
import { dockerLabels, dockerRuntime } from './docker-runtime.ts';
import { guestEntry } from './guest-entry.ts';

/** Where and how a host for Docker is set up. */
export interface DockerHostOptions extends HostOptions {
  /** Path of `docker`. */
  readonly docker?: string;
  /** Path of the engine's socket; the usual one where it is not given. */
  readonly socket?: string;
  /** The image that programs run in, which the engine must have already. */
  readonly image?: string | undefined;
}

const usualSocket = '/var/run/docker.sock';
const usualPaths = ['/usr/bin/docker', '/usr/local/bin/docker'];
const SAFEST_RUNTIME = 'runsc';
const INSTALL = 'install Docker and start its engine, or choose CONCLAVE_SANDBOX=bwrap';

/** Either a host for Docker, or why there is none. */
export type DockerHost =
  | { readonly kind: 'set-up'; readonly host: SandboxHost; readonly version: string }
  | Extract<ProbeOutcome, { readonly kind: 'unfit' }>;

/**
 * Finds the Docker engine of this machine and its image, removes containers of dead engines of ours, and sets up a host over
 * it: with the runtime `runsc` where it has that, else with its usual one.
 */
export async function setUpDockerHost(
  options: DockerHostOptions,
  backend: BackendProof,
): Promise<DockerHost> {
  const {
    image,
    docker = usualPaths.find((path) => existsSync(path)),
    socket = usualSocket,
  } = options;
  if (process.arch !== 'x64') {
    return unfit(`machine: got ${process.arch}, expected x64`, 'choose CONCLAVE_SANDBOX=bwrap');
  }
  if (docker === undefined || !existsSync(docker)) {
    return unfit(`${docker ?? usualPaths.join(' and ')}: not there`, INSTALL);
  }
  if (image === undefined) {
    return unfit(
      'CONCLAVE_SANDBOX_IMAGE: got nothing, expected the name of an image',
      'name one that the engine has, as debian:12 with python3',
    );
  }
  const engine = dockerEngine(docker, socket);
  let found: Awaited<ReturnType<DockerEngine['look']>>;
  try {
    found = await engine.look();
  } catch (error) {
    return unfit(`no Docker engine answers: ${wordsOf(error)}`, INSTALL);
  }
  if (!(await engine.hasImage(image))) {
    return unfit(
      `CONCLAVE_SANDBOX_IMAGE: the engine has no image ${image}`,
      `docker pull ${image}`,
    );
  }
  await removeAbandoned(engine);
  const runtime = found.runtimes.includes(SAFEST_RUNTIME) ? SAFEST_RUNTIME : null;
  const host = setUpHost({ ...options, cgroups: { mode: 'none', parents: [] } }, backend);
  const entry = guestEntry();
  return {
    kind: 'set-up',
    host: { ...host, runtime: dockerRuntime({ engine, image, runtime, entry }) },
    version: `${found.version}${runtime === null ? '' : ` with ${runtime}`}, ${image}`,
  };
}

/** Finds out by trying what Docker does on this machine. */
export async function probeDocker(host: SandboxHost, version: string): Promise<ProbeOutcome> {
  return await tryOut(host, {
    name: 'docker',
    version,
    mend: () => 'use an image with bash, util-linux and python3, and the engine’s usual settings',
  });
}

/** Containers do not die with who asked for them. */
async function removeAbandoned(engine: DockerEngine): Promise<void> {
  for (const { name, value } of await engine.labelled(dockerLabels.ours, dockerLabels.owner)) {
    const [pid = '', identity] = value.split(':');
    if (!isSameProcess({ pid: Number(pid), identity })) await engine.remove(name);
  }
}

function unfit(reason: string, mend: string): DockerHost & { readonly kind: 'unfit' } {
  return { kind: 'unfit', reason, mend };
}

/** What the program said, on one line. */
function wordsOf(error: unknown): string {
  const { stderr = '' } = error as { readonly stderr?: string };
  const said = error instanceof Error ? error.message : String(error);
  const words = stderr.trim() === '' ? said : stderr.trim();
  return words.replaceAll(/\s+/g, ' ');
}
