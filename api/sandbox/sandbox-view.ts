import type { z } from '@hono/zod-openapi';

import type { KeptBytes, SandboxRunEnd } from '../../domain/sandbox/run-fact.ts';
import { readSandboxRun } from '../../domain/sandbox/run-state.ts';

import type { Text } from '../../domain/ledger/event.ts';
import type { SandboxRunRow } from '../../infra/stores/sandbox-run-store.ts';
import type { Links } from '../collaboration-view.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound } from '../problem.ts';
import type { sandboxRunSchema, sandboxSummarySchema } from '../schemas/sandbox-run.ts';
import { isSandboxRunId } from './sandbox-start.ts';

/** Text up to this many bytes is shown in place, longer text by its artifact. */
const SHOWN_BYTES_MAX = 65_536;

/** What came of a run, with what it said as far as it is short. */
export interface SandboxResultView extends Omit<
  SandboxRunEnd,
  'value' | 'stdout' | 'stderr' | 'diff' | 'files' | 'filesLeftOut'
> {
  readonly value: Text | null;
  readonly stdout: Text;
  readonly stderr: Text;
  readonly diff: Text | null;
  readonly files: { path: string; artifact: string; bytes: number }[];
  readonly filesLeftOut: string[];
}

/** A run in short. */
export type SandboxSummaryView = z.input<typeof sandboxSummarySchema>;

/** A whole run. */
export type SandboxRunView = z.input<typeof sandboxRunSchema>;

type ViewDeps = Pick<ApiDeps, 'ledger' | 'artifacts'>;

/** A run in short, as lists have it. */
export function sandboxSummary(row: SandboxRunRow): SandboxSummaryView {
  const { runId: id, lane, status, attempts, cancelledAt, createdAt, startedAt, endedAt } = row;
  const isCancelled = cancelledAt !== null;
  const links = sandboxLinks(id);
  return { id, lane, status, attempts, isCancelled, createdAt, startedAt, endedAt, links };
}

/**
 * Finds a tenant's run.
 *
 * @throws `Problem` `not-found`, also for another tenant's
 */
export async function findSandboxRun(
  deps: Pick<ApiDeps, 'sandboxRuns'>,
  tenantId: string,
  id: string,
): Promise<SandboxRunRow> {
  const row = isSandboxRunId(id) ? await deps.sandboxRuns.get(tenantId, id) : undefined;
  if (row === undefined) throw notFound('run', id);
  return row;
}

/** A whole run, folded from the ledger. */
export async function sandboxView(
  deps: ViewDeps,
  tenantId: string,
  runId: string,
): Promise<SandboxRunView> {
  const events = await deps.ledger.readUpTo({ tenantId, stream: runId });
  const state = readSandboxRun(events);
  if (state === undefined) throw notFound('run', runId);
  const { requested, end, ...course } = state;
  const { lane, request, limits, grants, seed } = requested;
  return {
    id: runId,
    ...{ lane, request, limits, seed },
    ...course,
    grants: grants.map((grant) => ({ ...grant })),
    result: end === null ? null : await resultView(deps, tenantId, end),
    links: sandboxLinks(runId),
  };
}

async function resultView(
  deps: ViewDeps,
  tenantId: string,
  end: SandboxRunEnd,
): Promise<SandboxResultView> {
  const [value, stdout, stderr, diff] = await Promise.all(
    [end.value, end.stdout, end.stderr, end.diff].map(
      async (kept) => kept && (await textOf(deps, tenantId, kept)),
    ),
  );
  return {
    ...end,
    value: value ?? null,
    stdout: stdout ?? '',
    stderr: stderr ?? '',
    diff: diff ?? null,
    files: end.files.map((file) => ({ ...file })),
    filesLeftOut: [...end.filesLeftOut],
  };
}

async function textOf(deps: ViewDeps, tenantId: string, kept: KeptBytes): Promise<Text> {
  if (kept.bytes > SHOWN_BYTES_MAX) return kept;
  const content = await deps.artifacts.get(tenantId, kept.artifact);
  return content === undefined ? kept : new TextDecoder().decode(content.bytes);
}

/** Where to go from a run. */
export function sandboxLinks(runId: string): Links {
  const self = `/v1/sandbox/runs/${runId}`;
  return { self, events: `${self}/events`, cancel: `${self}/cancel` };
}
