import type { Database } from '../database/connection.ts';
import { createAgentStore } from './agent-store.ts';
import type { AgentStore } from './agent-store.ts';
import { createApprovalStore } from './approval-store.ts';
import type { ApprovalStore } from './approval-store.ts';
import { createArtifactIndex } from './artifact-index.ts';
import type { ArtifactIndex } from './artifact-index.ts';
import { createCollaborationStore } from './collaboration-store.ts';
import type { CollaborationStore } from './collaboration-store.ts';
import { createGroupCommit } from './group-commit.ts';
import { createLedgerStore } from './ledger-store.ts';
import type { LedgerStore } from './ledger-store.ts';
import { createProviderAccounts } from './provider-accounts.ts';
import type { ProviderAccounts } from './provider-accounts.ts';
import { createResolutionStore } from './resolution-store.ts';
import type { ResolutionStore } from './resolution-store.ts';
import { createTenantStore } from './tenant-store.ts';
import type { TenantStore } from './tenant-store.ts';
import { createTurnStore } from './turn-store.ts';
import type { TurnStore } from './turn-store.ts';

/** Every store of a process. */
export interface Stores {
  readonly agents: AgentStore;
  readonly approvals: ApprovalStore;
  readonly artifacts: ArtifactIndex;
  readonly collaborations: CollaborationStore;
  readonly ledger: LedgerStore;
  readonly providerAccounts: ProviderAccounts;
  readonly resolutions: ResolutionStore;
  readonly tenants: TenantStore;
  readonly turns: TurnStore;
}

/**
 * Opens all stores on one database; they share one group commit, so that what they write at once is one transaction.
 *
 * @param database - the pool of the application role
 */
export function createStores(database: Database): Stores {
  const deps = { database, groupCommit: createGroupCommit({ database }) };
  return {
    agents: createAgentStore(deps),
    approvals: createApprovalStore(deps),
    artifacts: createArtifactIndex(deps),
    collaborations: createCollaborationStore(deps),
    ledger: createLedgerStore(deps),
    providerAccounts: createProviderAccounts(deps),
    resolutions: createResolutionStore(deps),
    tenants: createTenantStore(deps),
    turns: createTurnStore(deps),
  };
}
