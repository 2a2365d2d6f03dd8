import { existsSync, mkdtempSync, chmodSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { BackendProof, ProvenFeature } from '../../domain/sandbox/run.ts';
import type { Config } from '../config.ts';
import { sandboxFolder } from '../sandbox/sandbox-folder.ts';
import { createSandbox, whyDenied } from '../sandbox/sandbox.ts';
import type { Finding } from './doctor.ts';

/** What a run goes without, and what would bring it. */
const lacks: Partial<Record<ProvenFeature, Omit<Finding, 'state'>>> = {
  cgroup: {
    name: 'sandbox memory',
    detail: 'no cgroup may be made here: memory is watched every 100 ms instead of held',
    mend: 'run the worker as root, or by systemd with Delegate=memory pids',
  },
  'private-uid': {
    name: 'sandbox users',
    detail: 'runs are this very user on the host, whose limit on processes they share',
    mend: 'run the worker as root, which takes another user for every run',
  },
  overlay: {
    name: 'sandbox copies',
    detail: 'no overlay can be mounted here: copies of repositories are made whole',
    mend: 'set CONCLAVE_SANDBOX_DATA to a folder on ext4, xfs or btrfs; it needs Linux 5.12',
  },
};

const git = '/usr/bin/git';

/** Finds out by trying what the sandbox protects here; leaves nothing behind. */
export async function examineSandbox(config: Config): Promise<Finding[]> {
  const { backend, image } = config.sandbox;
  if (backend === 'deny') {
    return [{ name: 'sandbox', state: 'note', detail: 'deny: agents run no code and no commands' }];
  }
  const isRoot = process.getuid?.() === 0;
  const folder = sandboxFolder({
    configured: config.sandbox.dataFolder,
    dataFolder: config.dataFolder,
    isRoot,
  });
  const above = nearest(folder);
  let tried: string;
  try {
    tried = mkdtempSync(join(above, 'conclave-doctor-'));
  } catch {
    const detail = `${above} cannot be written`;
    return [{ name: 'sandbox', state: 'missing', detail, mend: 'set CONCLAVE_SANDBOX_DATA' }];
  }
  try {
    chmodSync(tried, 0o711);
    const sandbox = await createSandbox({ backend, folder: tried, image });
    await sandbox.close();
    const denied = whyDenied(sandbox);
    if (denied !== undefined) {
      const detail = `${backend} protects nobody here: ${denied.reason}`;
      return [{ name: 'sandbox', state: 'missing', detail, mend: denied.mend }];
    }
    return [
      proofOf(sandbox.backend, folder),
      ...lacksOf(sandbox.backend),
      ...absentGit(),
      ...init(),
    ];
  } finally {
    rmSync(tried, { recursive: true, force: true });
  }
}

function proofOf({ name, version, proven }: BackendProof, folder: string): Finding {
  const detail = `${name} ${version}, below ${folder}; tried and proven: ${proven.join(', ')}`;
  return { name: 'sandbox', state: 'ok', detail };
}

function lacksOf({ name, proven }: BackendProof): Finding[] {
  if (name !== 'bwrap') return [];
  const entries = Object.entries(lacks) as [ProvenFeature, Omit<Finding, 'state'>][];
  return entries
    .filter(([feature]) => !proven.includes(feature))
    .map(([, lack]) => ({ ...lack, state: 'note' }));
}

function absentGit(): Finding[] {
  if (existsSync(git)) return [];
  const detail = `${git} is not there: no copies of repositories`;
  return [{ name: 'sandbox git', state: 'note', detail, mend: 'apt-get install -y git' }];
}

/** A process 1 that collects no orphans fills the machine with dead ones. */
function init(): Finding[] {
  const name = existsSync('/proc/1/comm') ? readFileSync('/proc/1/comm', 'utf8').trim() : '';
  if (name !== 'node' && name !== 'npm') return [];
  const detail = `process 1 is ${name}, which collects no processes that lost their parent`;
  return [{ name: 'sandbox init', state: 'note', detail, mend: 'docker run --init' }];
}

function nearest(folder: string): string {
  return existsSync(folder) ? folder : nearest(dirname(folder));
}
