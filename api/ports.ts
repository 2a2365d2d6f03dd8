/** What the API needs of the other rooms: of each store only the methods that a resource calls. */
import type { Logger } from 'pino';

import type { ApprovalReply } from '../domain/approvals/approval-terms.ts';
import type { BudgetLimits, Pattern, Plan, Seat } from '../domain/collaboration/plan.ts';
import type { Resumption } from '../domain/ledger/resumption.ts';
import type { SandboxFolder } from '../domain/sandbox/granted-folders.ts';
import type { SandboxLane } from '../domain/sandbox/run.ts';
import type { HostVerdict } from '../domain/webhooks/webhook-hosts.ts';
import type { EventFeed } from '../infra/database/event-feed.ts';
import type { AdapterStore } from '../infra/stores/adapter-store.ts';
import type { AgentStore } from '../infra/stores/agent-store.ts';
import type { ApprovalStore } from '../infra/stores/approval-store.ts';
import type { ArtifactEntry } from '../infra/stores/artifact-index.ts';
import type { CollaborationStore } from '../infra/stores/collaboration-store.ts';
import type { DeliveryBacklog } from '../infra/stores/delivery-queue.ts';
import type { DeliveryStore } from '../infra/stores/delivery-store.ts';
import type { LedgerStore } from '../infra/stores/ledger-store.ts';
import type { ProgramStore } from '../infra/stores/program-store.ts';
import type { ProviderAccounts } from '../infra/stores/provider-accounts.ts';
import type { ResolutionStore } from '../infra/stores/resolution-store.ts';
import type { SandboxRunStore } from '../infra/stores/sandbox-run-store.ts';
import type { TenantStore } from '../infra/stores/tenant-store.ts';
import type { TurnStore } from '../infra/stores/turn-store.ts';
import type { WebhookStore } from '../infra/stores/webhook-store.ts';
import type { WebhookSecrets } from '../infra/webhooks/webhook-secrets.ts';

/** Keeps bytes by their SHA-256; what one tenant put, no other can get. */
export interface Artifacts {
  /** Stores bytes; the same bytes twice are stored once. */
  put(
    tenantId: string,
    artifact: { readonly bytes: Uint8Array; readonly mediaType: string },
  ): Promise<ArtifactEntry>;
  describe(tenantId: string, sha256: string): Promise<ArtifactEntry | undefined>;
  get(
    tenantId: string,
    sha256: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string } | undefined>;
}

/** News of streams: hints to read, and text as it streams. */
export interface Feed extends Pick<EventFeed, 'watch' | 'watchLive'> {
  /** Tells the workers that somebody watches a stream, so that they publish what streams. */
  announceWatch(tenantId: string, stream: string): Promise<void>;
}

/** What a workflow is started with. */
export interface StartInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly plan: Plan;
  /** When it was asked for, RFC 3339; where questions were asked with it, whose time runs from then on. */
  readonly createdAt?: string;
  /** Where a run goes on that Temporal had forgotten; the plan's deadline is what is left of it then. */
  readonly resumed?: Resumption;
}

/** The service that runs collaborations does not answer. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly cause: unknown;
}

/** What became of a start. */
export type StartOutcome = { readonly kind: 'started' } | Unreachable;

/** What became of a start of a run that seemed to be forgotten. `known`: it was not, or no longer. */
export type RestoreOutcome = { readonly kind: 'restored' | 'known' } | Unreachable;

/** Where the engine has a run. `busy`: it works or waits for a call. `awaiting`: for parts alone. `idle`: it waits for a person or a time. */
export type Presence =
  { readonly kind: 'busy' | 'awaiting' | 'idle' | 'closed' | 'absent' } | Unreachable;

/** Which run an update goes to; the same `updateId` is done once. */
export interface SteeringTarget {
  readonly collaborationId: string;
  readonly pattern: Pattern;
  readonly updateId: string;
}

/** What became of an update. `refused` names a type of `domain/failures.ts`. */
export type SteeringOutcome =
  | { readonly kind: 'done'; readonly status: string }
  | { readonly kind: 'refused'; readonly type: string; readonly message: string }
  | { readonly kind: 'ended' }
  | { readonly kind: 'unreachable'; readonly cause: unknown };

/**
 * Runs collaborations. Starting twice is starting once. An update waits until the run has done it. No
 * method rejects because the other side is away: that is an outcome.
 */
export interface CollaborationEngine {
  start(input: StartInput): Promise<StartOutcome>;
  /** Starts a run again that was forgotten; one that is known, going on or ended, is left alone. */
  restore(input: StartInput): Promise<RestoreOutcome>;
  presence(run: Pick<SteeringTarget, 'collaborationId' | 'pattern'>): Promise<Presence>;
  /** Tells a run to learn from the ledger what it has forgotten; harmless to any other. */
  catchUp(run: Pick<SteeringTarget, 'collaborationId' | 'pattern'>): Promise<void>;
  /** Names the engine's memory: another one after it was lost. Undefined while the engine is away. */
  incarnation(): Promise<string | undefined>;
  pause(target: SteeringTarget, input: { by: string }): Promise<SteeringOutcome>;
  resume(target: SteeringTarget, input: { by: string }): Promise<SteeringOutcome>;
  cancel(target: SteeringTarget, input: { by: string; reason: string }): Promise<SteeringOutcome>;
  close(
    target: SteeringTarget,
    input: { by: string; scope: 'round' | 'run' },
  ): Promise<SteeringOutcome>;
  addMessage(
    target: SteeringTarget,
    input: { by: string; messageId: string },
  ): Promise<SteeringOutcome>;
  addParticipant(
    target: SteeringTarget,
    input: { by: string; seat: Seat },
  ): Promise<SteeringOutcome>;
  raiseBudget(
    target: SteeringTarget,
    input: { by: string; budget: BudgetLimits },
  ): Promise<SteeringOutcome>;
  answerApproval(target: SteeringTarget, input: ApprovalReply): Promise<SteeringOutcome>;
}

/** What a run in a sandbox is started with. */
export interface SandboxStart {
  readonly tenantId: string;
  readonly runId: string;
  readonly lane: SandboxLane;
  /** Longest that its program may take, milliseconds; copies before and changes after it may take as long each. */
  readonly timeMs: number;
}

/** Starts and cancels runs in a sandbox. No method rejects because the other side is away: that is an outcome. */
export interface SandboxEngine {
  /** Starting twice is starting once; `closed`: it was started before, and its workflow has ended. */
  start(run: SandboxStart): Promise<{ readonly kind: 'started' | 'closed' } | Unreachable>;
  /** Does nothing to one that has ended. */
  cancel(runId: string): Promise<{ readonly kind: 'done' } | Unreachable>;
}

/** A part without which the API cannot do its work. */
export interface Part {
  readonly name: string;
  /** Rejects when the part does not answer as it should. */
  probe(): Promise<void>;
}

/** A key with which records are signed, for whoever verifies them. */
export interface PublishedKey {
  readonly keyId: string;
  readonly algorithm: 'Ed25519';
  readonly pem: string;
  /** The 32 bytes, base64. */
  readonly raw: string;
}

/** Everything that the API stands on. */
export interface ApiDeps {
  readonly tenants: TenantStore;
  readonly collaborations: Pick<
    CollaborationStore,
    | 'create'
    | 'get'
    | 'getByKey'
    | 'list'
    | 'markRunning'
    | 'queuedOlderThan'
    | 'underWay'
    | 'addMessage'
    | 'getMessage'
  >;
  readonly ledger: Pick<LedgerStore, 'read' | 'readUpTo' | 'head' | 'append' | 'appendBefore'>;
  readonly sandboxRuns: SandboxRunStore;
  readonly sandboxEngine: SandboxEngine;
  /** Folders of the workers' hosts that runs may be granted; only names and modes matter here. */
  readonly sandboxFolders: readonly SandboxFolder[];
  readonly turns: Pick<TurnStore, 'outstandingOf'>;
  readonly feed: Feed;
  readonly artifacts: Artifacts;
  readonly approvals: ApprovalStore;
  readonly adapters: AdapterStore;
  readonly agents: Pick<AgentStore, 'put' | 'get' | 'list' | 'remove'>;
  readonly accounts: Pick<ProviderAccounts, 'status'>;
  readonly programs: Pick<ProgramStore, 'found'>;
  readonly resolutions: ResolutionStore;
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly webhookSecrets: Pick<WebhookSecrets, 'create'>;
  /** Whether a webhook may be on the host of this address. */
  readonly judgeWebhookHost: (url: URL) => HostVerdict;
  /** What waits to be sent to webhooks, over all tenants. */
  readonly webhookBacklog: () => Promise<DeliveryBacklog>;
  readonly engine: CollaborationEngine;
  readonly parts: readonly Part[];
  readonly signingKeys: readonly PublishedKey[];
  /** Whether model calls may go to this address. */
  readonly isHostAllowed: (url: URL) => boolean;
  /** The same without this machine itself, where programs would find more than models. */
  readonly isHostNamed: (url: URL) => boolean;
  /** Whether this address is that of the simulated panel: what comes from there is marked everywhere. */
  readonly isSimulated: (url: URL) => boolean;
  /** Whether an agent may name this variable for its key. */
  readonly isKeyVariable: (name: string) => boolean;
  /** Whether a program may see this variable, and with it whoever registers programs. */
  readonly isCommandVariable: (name: string) => boolean;
  /** Folders of the workers that programs may be granted; without any, no program is registered. */
  readonly commandFolders?: readonly string[];
  /** Whether a variable that an agent names for its key is set here. */
  readonly isSecretSet: (name: string) => boolean;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error' | 'debug'>;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
