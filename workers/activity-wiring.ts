import type { Activities, SandboxActivities } from '../activities/activities.ts';
import { createAskAgent, type AskAgentDeps } from '../activities/ask-agent.ts';
import { createCallsUnderWay, type CallsUnderWay } from '../activities/calls-under-way.ts';
import { createCaseFiles } from '../activities/case-files.ts';
import { createLiveText } from '../activities/live-text.ts';
import { textMediaType } from '../activities/long-text.ts';
import { createMaterials } from '../activities/materials.ts';
import type { CommandConnectorDeps } from '../activities/commands/command-connector.ts';
import { withCommands } from '../activities/commands/command-pool.ts';
import { createConnectorPool } from '../activities/models/connector-pool.ts';
import { createAwaitPart, type PartEndDeps } from '../activities/part-ends.ts';
import { createOpenPart, type OpenPartDeps } from '../activities/part-opening.ts';
import { createRecordFacts } from '../activities/record-facts.ts';
import { createRecordSandboxEnd } from '../activities/sandbox/recorded-end.ts';
import { createRunInSandbox } from '../activities/sandbox/run-in-sandbox.ts';
import { createSealDecision } from '../activities/seal-decision.ts';
import type { Adapter } from '../domain/providers/adapter.ts';
import type { Agent } from '../domain/providers/agent.ts';
import { allowedHosts } from '../domain/providers/allowed-hosts.ts';
import type { Sandbox } from '../domain/sandbox/run.ts';
import type { ArtifactStore } from '../infra/artifacts/artifact-store.ts';
import { createTenantArtifacts } from '../infra/artifacts/tenant-artifacts.ts';
import type { ServiceConfig } from '../infra/config.ts';
import type { Database } from '../infra/database/connection.ts';
import type { EventFeed } from '../infra/database/event-feed.ts';
import { sha256Of, type Signer } from '../infra/signing.ts';
import type { Stores } from '../infra/stores/stores.ts';

/** What the activities of one worker stand on. */
export interface ActivityParts {
  readonly config: ServiceConfig;
  readonly workerId: string;
  readonly database: Database;
  readonly stores: Stores;
  readonly feed: EventFeed;
  readonly artifacts: ArtifactStore;
  readonly signer: Signer;
  readonly adapters: readonly Adapter[];
  /** Where Temporal has a run. */
  readonly presence: PartEndDeps['presence'];
  readonly onFault: (error: unknown) => void;
  readonly sandbox: Pick<Sandbox, 'run'>;
  /** What programs are run with; `null` where this worker runs none. */
  readonly programs: CommandConnectorDeps | null;
}

/** How long a model may take for a whole reply, and between two pieces of it. */
const modelTimeouts = { totalMs: 10 * 60_000, chunkMs: 2 * 60_000 };

/** Channel on which the API says who is watched. */
const interestChannel = 'conclave_watch';

/** Makes every activity, and what stops its calls. */
export function wireActivities(parts: ActivityParts): {
  readonly activities: Activities;
  readonly sandboxActivities: SandboxActivities;
  readonly calls: CallsUnderWay;
} {
  const { stores, artifacts, signer } = parts;
  const now = Date.now;
  const calls = createCallsUnderWay();
  const tenantArtifacts = createTenantArtifacts({ store: artifacts, index: stores.artifacts });
  const agentOf = rememberedAgents(stores);
  const putText = textKeeper(tenantArtifacts);
  const askAgent = createAskAgent({
    workerId: parts.workerId,
    caseFiles: createCaseFiles({ ledger: stores.ledger, artifacts }),
    materials: createMaterials(artifacts),
    agentOf,
    turns: stores.turns,
    calls,
    accounts: stores.providerAccounts,
    artifacts: {
      put: async (tenantId, bytes, mediaType) =>
        await tenantArtifacts.put(tenantId, { bytes, mediaType }),
    },
    sha256: sha256Of,
    now,
    connectorOf: connectorsOf(parts),
    liveTextOf: liveTextOf(parts, now),
  });
  const recordFacts = createRecordFacts({
    turns: stores.turns,
    ledger: stores.ledger,
    collaborations: stores.collaborations,
    artifacts,
    putText,
    now,
  });
  const sealDecision = createSealDecision({
    recordFacts,
    turns: stores.turns,
    ledger: stores.ledger,
    artifacts,
    index: stores.artifacts,
    collaborations: stores.collaborations,
    signer,
    now,
  });
  const ofParts = wirePartActivities(parts, { agentOf, putText });
  const recordSandboxEnd = createRecordSandboxEnd({ ledger: stores.ledger, now });
  return {
    activities: { askAgent, recordFacts, sealDecision, recordSandboxEnd, ...ofParts },
    sandboxActivities: wireSandboxActivities(parts, calls),
    calls,
  };
}

/** Makes what workers of processor-bound queues do. */
function wireSandboxActivities(
  { config, workerId, sandbox, stores, artifacts }: ActivityParts,
  calls: CallsUnderWay,
): SandboxActivities {
  const runInSandbox = createRunInSandbox({
    workerId,
    sandbox,
    runs: stores.sandboxRuns,
    ledger: stores.ledger,
    calls,
    requests: artifacts,
    artifacts: createTenantArtifacts({ store: artifacts, index: stores.artifacts }),
    folders: config.sandboxFolders,
    now: Date.now,
  });
  return { runInSandbox };
}

/** Reaches models by HTTP, and programs where this worker runs them. */
function connectorsOf({ config, adapters, programs }: ActivityParts): AskAgentDeps['connectorOf'] {
  const ofModels = createConnectorPool({
    secret: (name) => config.secretNamed(name),
    allowedHosts: allowedHosts({ hosts: config.allowedHosts, loopback: config.mode === 'local' }),
    timeouts: modelTimeouts,
    adapters,
  });
  return withCommands(ofModels, programs);
}

/** Makes the activities that open and await the parts of an analysis. */
function wirePartActivities(
  { stores, artifacts, presence }: ActivityParts,
  { agentOf, putText }: Pick<OpenPartDeps, 'agentOf' | 'putText'>,
): Pick<Activities, 'openPart' | 'awaitPart'> {
  const shared = {
    collaborations: stores.collaborations,
    ledger: stores.ledger,
    turns: stores.turns,
    now: Date.now,
  };
  return {
    openPart: createOpenPart({
      ...shared,
      resolutions: stores.resolutions,
      artifacts,
      agentOf,
      putText,
      sha256: sha256Of,
    }),
    awaitPart: createAwaitPart({ ...shared, presence }),
  };
}

/** Keeps texts that are too long for an event, under their hash. */
function textKeeper(
  artifacts: Pick<ReturnType<typeof createTenantArtifacts>, 'put'>,
): OpenPartDeps['putText'] {
  return async (tenantId, text) => {
    const bytes = new TextEncoder().encode(text);
    const stored = await artifacts.put(tenantId, { bytes, mediaType: textMediaType });
    return { artifact: stored.sha256, bytes: stored.bytes };
  };
}

function liveTextOf(
  { database, feed, onFault }: ActivityParts,
  now: () => number,
): ReturnType<typeof createLiveText>['liveTextOf'] {
  const live = createLiveText({
    watchInterest: (onInterest) => {
      database.listen(interestChannel, onInterest, () => undefined).catch(onFault);
    },
    publish: async (tenantId, stream, payload) => {
      await feed.publishLive(tenantId, stream, payload);
    },
    now,
    onFault,
  });
  return (input) => live.liveTextOf(input);
}

/** How long an agent's registration is taken as it was read, milliseconds. */
const agentFreshMs = 2000;

/** Most registrations remembered. */
const agentsMax = 1000;

/** Every call needs its agent; reading it once for all the calls of a moment is enough. */
function rememberedAgents(
  stores: Stores,
): (tenantId: string, name: string) => Promise<Agent | undefined> {
  const read = new Map<
    string,
    { readonly at: number; readonly agent: Promise<Agent | undefined> }
  >();
  return async (tenantId, name) => {
    const key = `${tenantId}/${name}`;
    const known = read.get(key);
    if (known !== undefined && Date.now() - known.at < agentFreshMs) return await known.agent;
    if (read.size >= agentsMax) read.clear();
    const agent = stores.agents.getEver(tenantId, name);
    agent.catch(() => read.delete(key));
    read.set(key, { at: Date.now(), agent });
    return await agent;
  };
}
