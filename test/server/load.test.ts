import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { verifyChain } from '../../domain/ledger/chain.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { createTenantAdministration } from '../../infra/stores/tenant-store.ts';
import { simulatedAgents } from '../../infra/simulated/agents.ts';

interface SharedStack {
  readonly apiAddress: string;
  readonly simulated: string;
  readonly postgres: { readonly ownerUrl: string };
}

/** A tenant with a panel of its own. */
interface Tenant {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a watcher got, in its order. */
interface Watched {
  readonly seqs: readonly number[];
  readonly types: readonly string[];
}

const debatesAtOnce = 100;
const fewDebates = 3;
const watchersOfOne = 200;
const endsWithinMs = 120_000;
const pageEvents = 500;
const panel = 3;
const sealed = 'conclave.decision.sealed.v1';

let stack: SharedStack;

beforeAll(() => {
  stack = JSON.parse(readFileSync('.cache/test-stack.json', 'utf8')) as SharedStack;
});

describe('100 debates at once', () => {
  test(
    'all end decided, and every chain verifies',
    async () => {
      const tenant = await newTenant('many');
      const ids = await startMany(tenant, debatesAtOnce);

      await Promise.all(ids.map((id) => watch(tenant, id)));

      for (const id of ids) {
        expect((await shown(tenant, id)).decision?.kind).toBe('decided');
        const events = await eventsOf(tenant, id);
        expect(verifyChain(events, sha256)).toMatchObject({
          ok: true,
          head: { seq: events.length },
        });
      }
    },
    endsWithinMs,
  );
});

describe('two tenants with very different load', () => {
  test(
    'see the small one done before half of the big one is',
    async () => {
      const [big, small] = [await newTenant('big'), await newTenant('small')];
      const ended: string[] = [];
      const runAll = async (tenant: Tenant, ids: readonly string[]): Promise<void> => {
        await Promise.all(
          ids.map(async (id) => {
            await watch(tenant, id);
            ended.push(tenant.name);
          }),
        );
      };

      const all = [runAll(big, await startMany(big, debatesAtOnce))];
      all.push(runAll(small, await startMany(small, fewDebates)));
      await Promise.all(all);

      const lastOfSmall = ended.lastIndexOf(small.name);
      const bigBefore = ended.slice(0, lastOfSmall).filter((name) => name === big.name).length;
      expect(bigBefore).toBeLessThan(debatesAtOnce / 2);
    },
    endsWithinMs,
  );
});

describe('200 watchers of one run', () => {
  test(
    'all see every event once and in order',
    async () => {
      const tenant = await newTenant('watched');
      const id = await start(tenant);

      const watched = await Promise.all(
        Array.from({ length: watchersOfOne }, () => watch(tenant, id)),
      );

      const events = await eventsOf(tenant, id);
      const expected: Watched = {
        seqs: events.map(({ seq }) => seq),
        types: events.map(({ type }) => type),
      };
      expect(expected.types.at(-1)).toBe(sealed);
      for (const one of watched) expect(one).toEqual(expected);
    },
    endsWithinMs,
  );
});

async function newTenant(name: string): Promise<Tenant> {
  const apiKey = randomBytes(24).toString('base64url');
  const { ownerUrl } = stack.postgres;
  const administration = createTenantAdministration({ ownerUrl });
  const tenantId = `load-${name}-${randomBytes(4).toString('hex')}`;
  await administration.createTenant({ tenantId, name, apiKey });
  await administration.close();
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  for (const agent of simulatedAgents(stack.simulated).slice(0, panel)) {
    const { provider, model, baseUrl, price } = agent;
    await post({ name, headers }, '/v1/agents', {
      name: agent.name,
      provider,
      model,
      baseUrl,
      price,
    });
  }
  return { name, headers };
}

async function startMany(tenant: Tenant, count: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: count }, () => start(tenant)));
}

async function start(tenant: Tenant): Promise<string> {
  const { id } = (await post(tenant, '/v1/collaborations', {
    pattern: 'debate',
    gate: 'off',
    question: 'Should a small team begin with a monolith or with microservices?',
    options: ['monolith', 'microservices'],
    participants: simulatedAgents(stack.simulated)
      .slice(0, panel)
      .map(({ name }) => name),
    rounds: 2,
    stopOnStability: false,
    endsEarly: false,
    budget: { tokens: 200_000 },
  })) as { id: string };
  return id;
}

async function post(tenant: Tenant, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${stack.apiAddress}${path}`, {
    method: 'POST',
    headers: tenant.headers,
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`POST ${path}: ${String(answer.status)} ${await answer.text()}`);
  return await answer.json();
}

async function shown(tenant: Tenant, id: string): Promise<{ decision: { kind: string } | null }> {
  const answer = await fetch(`${stack.apiAddress}/v1/collaborations/${id}`, tenant);
  return (await answer.json()) as { decision: { kind: string } | null };
}

async function eventsOf(tenant: Tenant, id: string): Promise<LedgerEvent[]> {
  const path = `/v1/collaborations/${id}/events?limit=${String(pageEvents)}`;
  const answer = await fetch(`${stack.apiAddress}${path}`, tenant);
  return ((await answer.json()) as { items: LedgerEvent[] }).items;
}

/** Follows a run from its first event until the stream ends by itself. */
async function watch(tenant: Tenant, id: string): Promise<Watched> {
  const answer = await fetch(`${stack.apiAddress}/v1/collaborations/${id}/events?live=false`, {
    headers: { ...tenant.headers, accept: 'text/event-stream' },
  });
  const frames = (await answer.text()).split('\n\n').filter((frame) => frame.startsWith('id: '));
  return {
    seqs: frames.map((frame) => Number(/^id: (\d+)$/m.exec(frame)?.[1])),
    types: frames.map((frame) => /^event: (.+)$/m.exec(frame)?.[1] ?? ''),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
