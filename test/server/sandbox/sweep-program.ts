import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import { sweep } from '../../../infra/sandbox/sweep.ts';

/** A later engine's first step: sweeps a folder as whoever started it, and tells what it found. */
const { folder } = JSON.parse(process.argv[2] ?? '') as { readonly folder: string };
process.stdout.write(JSON.stringify(await sweep(folder, findOwnCgroups())));
