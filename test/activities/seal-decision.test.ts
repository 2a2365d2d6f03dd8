import { beforeAll, describe, expect, test } from '@jest/globals';

import {
  createSeal,
  createSealDecision,
  type Seal,
  type SealDecisionDeps,
} from '../../activities/seal-decision.ts';
import { cryptography } from '../../clients/cli/cryptography.ts';
import { turnRef, type TurnFact } from '../../domain/collaboration/fact.ts';
import { sealEvents } from '../../domain/ledger/chain.ts';
import { eventOf, type LedgerEvent, type NewEvent } from '../../domain/ledger/event.ts';
import { verifyRecord } from '../../domain/ledger/verification.ts';
import { loadSigner, sha256Of, type Signer } from '../../infra/signing.ts';
import type { SealInput } from '../../infra/stores/collaboration-store.ts';
import {
  chained,
  decided,
  opened,
  plan,
  position,
  said,
  sampleEvents,
  sampleHappenings,
  sampleStream,
  sha256,
  single,
  unknownPrice,
} from '../domain/ledger/sample-run.ts';
import { newSigningKey } from '../support/signing-key.ts';

const input = { tenantId: 'local', collaborationId: sampleStream };

let signer: Signer;

beforeAll(async () => {
  signer = await loadSigner(newSigningKey());
});

interface House {
  readonly deps: SealDecisionDeps;
  readonly objects: Map<string, Uint8Array>;
  readonly indexed: string[];
  readonly sealed: SealInput[];
  readonly steps: string[];
  reads: number;
}

/** Stores in memory: a ledger that takes the seal, objects, an index, and the ends of turns that nobody asks for. */
function house(events: LedgerEvent[], abandoned: TurnFact[] = []): House {
  const append = (event: NewEvent): LedgerEvent => {
    const last = events.at(-1);
    const head = { seq: last?.seq ?? 0, hash: last?.hash ?? '' };
    const [placed] = sealEvents([event], { stream: sampleStream, head }, sha256);
    if (placed === undefined) throw new Error('nothing was appended');
    events.push(placed);
    return placed;
  };
  const objects = new Map<string, Uint8Array>();
  const indexed: string[] = [];
  const sealed: SealInput[] = [];
  const steps: string[] = [];
  const made: House = {
    objects,
    indexed,
    sealed,
    steps,
    reads: 0,
    deps: {
      signer,
      now: () => Date.parse('2026-11-21T10:00:00.000Z'),
      ledger: {
        readUpTo: () => {
          made.reads += 1;
          return Promise.resolve([...events]);
        },
      },
      artifacts: {
        put: (_tenantId, bytes) => {
          steps.push('put');
          objects.set(sha256Of(bytes), bytes);
          return Promise.resolve({ sha256: sha256Of(bytes), bytes: bytes.length });
        },
        get: (_tenantId, name) => {
          const bytes = objects.get(name);
          return bytes === undefined
            ? Promise.reject(new Error(`no ${name}`))
            : Promise.resolve(bytes);
        },
      },
      index: {
        record: (_tenantId, entries) => {
          steps.push('index');
          indexed.push(...entries.map((entry) => entry.sha256));
          return Promise.resolve();
        },
      },
      turns: {
        endAbandoned: ({ source, time }) => {
          for (const fact of abandoned.splice(0)) {
            append(eventOf(fact, { id: fact.turn, source, subject: fact.turn, time }));
          }
          return Promise.resolve();
        },
      },
      collaborations: {
        seal: (seal) => {
          steps.push('seal');
          sealed.push(seal);
          return Promise.resolve(append(seal.event));
        },
      },
    },
  };
  return made;
}

async function run(deps: SealDecisionDeps): Promise<Seal> {
  return await createSeal(deps)(input);
}

function textOf(made: House, name: string): string {
  return new TextDecoder().decode(made.objects.get(name));
}

describe('sealing a decision', () => {
  test('stores a record that verifies with its events, seal included', async () => {
    const events = sampleEvents();
    const made = house(events);
    const { record } = await run(made.deps);
    const findings = verifyRecord(
      { record: JSON.parse(textOf(made, record)), events, publicKey: signer.publicKey },
      cryptography,
    );

    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(findings.at(-1)).toMatchObject({ check: 'seal', ok: true });
  });

  test('stores the transcript beside it and names both in the index before the seal', async () => {
    const made = house(sampleEvents());
    const { record } = await run(made.deps);
    const [seal] = made.sealed;

    expect(made.steps).toEqual(['put', 'put', 'index', 'seal']);
    expect(seal?.recordSha256).toBe(record);
    expect(made.indexed).toEqual([record, seal?.transcriptSha256]);
    expect(textOf(made, seal?.transcriptSha256 ?? '')).toContain('# Debate c_sample');
  });

  test('hands on the decision and how the run ended', async () => {
    const made = house(sampleEvents());
    await run(made.deps);

    expect(made.sealed[0]).toMatchObject({
      ...input,
      status: 'completed',
      decision: { kind: 'decided', answer: 'Postgres', rounds: 2, simulated: false },
      event: { id: 'c_sample/sealed', time: '2026-11-21T10:00:00.000Z' },
    });
  });

  test('calls a cancelled run cancelled', async () => {
    const happenings = [
      ...sampleHappenings().slice(0, -1),
      { fact: { type: 'collaboration.cancelled', by: '/users/ann', reason: 'enough' } } as const,
      decided('o1'),
    ];
    const made = house(chained(happenings));
    await run(made.deps);

    expect(made.sealed[0]?.status).toBe('cancelled');
  });

  test('reads the ledger once and signs the same bytes each time', async () => {
    const first = house(sampleEvents());
    const second = house(sampleEvents());

    expect(await run(first.deps)).toEqual(await run(second.deps));
    expect(first.reads).toBe(1);
  });

  test('leaves alone what is sealed already', async () => {
    const made = house(sampleEvents());
    const first = await run(made.deps);
    const again = await run(made.deps);

    expect(again).toEqual(first);
    expect(made.steps).toEqual(['put', 'put', 'index', 'seal']);
  });

  test('takes the seal of a faster worker for its own', async () => {
    const made = house(sampleEvents());
    const { seal } = made.deps.collaborations;
    const faster: SealDecisionDeps['collaborations'] = {
      seal: async (given) => {
        const event = await seal.call(made.deps.collaborations, given);
        return { ...event, data: { content: { record: 'theirs' } } };
      },
    };

    expect(await run({ ...made.deps, collaborations: faster })).toEqual({
      record: 'theirs',
      ended: [],
    });
  });

  test('fetches the texts that are too long for the ledger', async () => {
    const long = 'much to say '.repeat(1000);
    const reference = { artifact: sha256(long), bytes: long.length };
    const events = chained([
      opened(plan({ optionKeys: [] }), { options: [] }),
      position(turnRef('proposal', 1, 's1'), single('a1'), said(reference)),
      decided('a1'),
    ]);
    const made = house(events);
    made.objects.set(reference.artifact, new TextEncoder().encode(long));
    const { record } = await run(made.deps);

    expect(JSON.parse(textOf(made, record))).toMatchObject({ decision: { answer: long } });
  });

  test('fails, to be tried again, while a text or the store is away', async () => {
    const reference = { artifact: sha256('gone'), bytes: 4 };
    const made = house(
      chained([
        opened(plan({ optionKeys: [] }), { options: [] }),
        position(turnRef('proposal', 1, 's1'), single('a1'), said(reference)),
        decided('a1'),
      ]),
    );

    await expect(run(made.deps)).rejects.toThrow(`no ${reference.artifact}`);
    expect(made.sealed).toEqual([]);
  });

  test('fails for a run that has not decided', async () => {
    const made = house(chained(sampleHappenings().slice(0, -1)));

    await expect(run(made.deps)).rejects.toThrow('decision.reached');
    expect(made.steps).toEqual([]);
  });
});

describe('the activity that ends a run', () => {
  test('records the last facts before it seals', async () => {
    const [verdict] = sampleHappenings().slice(-1);
    const events = chained(sampleHappenings().slice(0, -1));
    const made = house(events);
    const sealDecision = createSealDecision({
      ...made.deps,
      recordFacts: ({ facts }) => {
        expect(facts).toHaveLength(1);
        events.push(...sampleEvents().slice(-1));
        return Promise.resolve(null);
      },
    });
    const facts = verdict === undefined ? [] : [{ id: 'c_sample/step-9-0', fact: verdict.fact }];
    const { record } = await sealDecision({ ...input, facts, known: 9 });

    expect(record).toBe(made.sealed[0]?.recordSha256);
  });

  test('seals alone where nothing is left to record', async () => {
    const made = house(sampleEvents());
    const sealDecision = createSealDecision({
      ...made.deps,
      recordFacts: () => Promise.reject(new Error('nothing to record')),
    });
    const { record } = await sealDecision({ ...input, facts: [], known: 9 });

    expect(record).toBe(made.sealed[0]?.recordSha256);
  });

  describe('with calls that were lost and turns that nobody asks for any more', () => {
    const lost: TurnFact = {
      type: 'turn.cancelled',
      ...turnRef('synthesis', 2, 'chair'),
      ...unknownPrice,
      charged: { tokens: 700, microsUsd: 700 },
    };
    const [verdict] = sampleHappenings().slice(-1);
    const facts = verdict === undefined ? [] : [{ id: 'c_sample/step-9-0', fact: verdict.fact }];
    const verdicts = facts.map(({ fact }) => fact);

    test('ends them before it seals, counts them, and tells the workflow', async () => {
      const made = house(sampleEvents(), [lost]);
      const sealDecision = createSealDecision({
        ...made.deps,
        recordFacts: () => Promise.resolve(null),
      });

      const { record, instead } = await sealDecision({ ...input, facts, known: 9 });
      const again = await sealDecision({ ...input, facts: [], known: 10 });

      expect(instead).toEqual({ kind: 'replaced', facts: [...verdicts, lost] });
      expect(made.sealed[0]?.decision.cost).toMatchObject({ calls: 7, unknownCalls: 2, usd: null });
      expect(again).toEqual({ record, instead: { kind: 'replaced', facts: [lost] } });
    });

    test('tells them beside what was recorded instead', async () => {
      const made = house(sampleEvents(), [lost]);
      const behind = { kind: 'behind', facts: verdicts, decidedSteps: 9, outstanding: [] } as const;
      const sealDecision = createSealDecision({
        ...made.deps,
        recordFacts: () => Promise.resolve(behind),
      });

      const { instead } = await sealDecision({ ...input, facts, known: 8 });

      expect(instead).toEqual({ ...behind, facts: [...verdicts, lost] });
    });

    test('leaves them alone while something is outstanding', async () => {
      const made = house(sampleEvents(), [lost]);
      const behind = { kind: 'behind', facts: verdicts, decidedSteps: 9 } as const;
      const sealDecision = createSealDecision({
        ...made.deps,
        recordFacts: () => Promise.resolve({ ...behind, outstanding: [lost.turn] }),
      });

      const { record, instead } = await sealDecision({ ...input, facts, known: 8 });

      expect(record).toBeNull();
      expect(instead?.facts).toEqual(verdicts);
    });
  });
});
