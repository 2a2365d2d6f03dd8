import type { Database } from '../database/connection.ts';
import { createAdapterStore } from './adapter-store.ts';
import type { AdapterStore } from './adapter-store.ts';
import { createAgentStore } from './agent-store.ts';
import type { AgentStore } from './agent-store.ts';
import { createApprovalStore } from './approval-store.ts';
import type { ApprovalStore } from './approval-store.ts';
import { createArtifactIndex } from './artifact-index.ts';
import type { ArtifactIndex } from './artifact-index.ts';
import { createCollaborationStore } from './collaboration-store.ts';
import type { CollaborationStore } from './collaboration-store.ts';
import { createDeliveryQueue } from './delivery-queue.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import { createDeliveryStore } from './delivery-store.ts';
import type { DeliveryStore } from './delivery-store.ts';
import { createGroupCommit } from './group-commit.ts';
import { createLedgerStore } from './ledger-store.ts';
import type { LedgerStore } from './ledger-store.ts';
import { createProgramStore } from './program-store.ts';
import type { ProgramStore } from './program-store.ts';
import { createProviderAccounts } from './provider-accounts.ts';
import type { ProviderAccounts } from './provider-accounts.ts';
import { createResolutionStore } from './resolution-store.ts';
import type { ResolutionStore } from './resolution-store.ts';
import { createSandboxRunStore } from './sandbox-run-store.ts';
import type { SandboxRunStore } from './sandbox-run-store.ts';
import { createTenantStore } from './tenant-store.ts';
import type { TenantStore } from './tenant-store.ts';
import { createTurnStore } from './turn-store.ts';
import type { TurnStore } from './turn-store.ts';
import { createWebhookStore } from './webhook-store.ts';
import type { WebhookStore } from './webhook-store.ts';

/** Every store of a process. */
export interface Stores {
  readonly adapters: AdapterStore;
  readonly agents: AgentStore;
  readonly approvals: ApprovalStore;
  readonly artifacts: ArtifactIndex;
  readonly collaborations: CollaborationStore;
  readonly deliveries: DeliveryStore;
  readonly deliveryQueue: DeliveryQueue;
  readonly ledger: LedgerStore;
  readonly programs: ProgramStore;
  readonly providerAccounts: ProviderAccounts;
  readonly resolutions: ResolutionStore;
  readonly sandboxRuns: SandboxRunStore;
  readonly tenants: TenantStore;
  readonly turns: TurnStore;
  readonly webhooks: WebhookStore;
}

/**
 * Opens all stores on one database; they share one group commit, so that what they write at once is one transaction.
 *
 * @param database - the pool of the application role
 */
export function createStores(database: Database): Stores {
  const deps = { database, groupCommit: createGroupCommit({ database }) };
  return {
    adapters: createAdapterStore(deps),
    agents: createAgentStore(deps),
    approvals: createApprovalStore(deps),
    artifacts: createArtifactIndex(deps),
    collaborations: createCollaborationStore(deps),
    deliveries: createDeliveryStore(deps),
    deliveryQueue: createDeliveryQueue(deps),
    ledger: createLedgerStore(deps),
    programs: createProgramStore(deps),
    providerAccounts: createProviderAccounts(deps),
    resolutions: createResolutionStore(deps),
    sandboxRuns: createSandboxRunStore(deps),
    tenants: createTenantStore(deps),
    turns: createTurnStore(deps),
    webhooks: createWebhookStore(deps),
  };
}
