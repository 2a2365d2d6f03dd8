import { describe, expect, test } from '@jest/globals';

import { createCaseFiles, type CaseFiles } from '../../activities/case-files.ts';
import { turnRef, type Fact } from '../../domain/collaboration/fact.ts';
import { eventOf, type LedgerEvent } from '../../domain/ledger/event.ts';
import { openingFacts } from '../../domain/machines.ts';
import { position } from '../support/drive.ts';
import { planWith, seats } from '../support/plans.ts';

const plan = planWith({ seats: seats(5) });
const run = { tenantId: 'local', collaborationId: 'c_1' };
const question = { artifact: 'f'.repeat(64), bytes: 9000 };
const contents: Partial<Record<Fact['type'], unknown>> = {
  'collaboration.opened': { question, options: ['yes', 'no'], materials: [], personas: {} },
  'position.submitted': { answer: 'yes', rationale: 'so', evidence: [], critiques: [] },
};

interface Shelf {
  readonly files: CaseFiles;
  readonly reads: string[];
  readonly fetched: string[];
  /** Adds facts to the stream. */
  append: (...facts: readonly Fact[]) => void;
  /** Makes the next read fail. */
  failOnce: () => void;
}

function ledgerEvent(fact: Fact, seq: number): LedgerEvent {
  const about = { id: `e${String(seq)}`, source: '/tests', subject: 'c_1', time: '2026-11-21' };
  const event = eventOf(fact, { ...about, content: contents[fact.type] });
  return { ...event, stream: 'c_1', seq, previousHash: '', hash: '' };
}

/** A ledger in memory whose reads are counted; every stream holds the same. */
function shelf(): Shelf {
  const facts = [...openingFacts(plan)];
  const reads: string[] = [];
  const fetched: string[] = [];
  let isAway = false;
  const files = createCaseFiles({
    ledger: {
      read: ({ stream, afterSeq, limit }) => {
        reads.push(`${stream} after ${String(afterSeq)}`);
        if (isAway) {
          isAway = false;
          return Promise.reject(new Error('away'));
        }
        const events = facts.map((fact, index) => ledgerEvent(fact, index + 1));
        return Promise.resolve(events.slice(afterSeq, afterSeq + limit));
      },
    },
    artifacts: {
      get: (_tenantId, sha256) => {
        fetched.push(sha256);
        return Promise.resolve(new TextEncoder().encode('a long question'));
      },
    },
  });
  return {
    files,
    reads,
    fetched,
    append: (...more) => {
      facts.push(...more);
    },
    failOnce: () => {
      isAway = true;
    },
  };
}

describe('the case files of a worker', () => {
  const proposals = plan.seats.map(({ seat }) => turnRef('proposal', 1, seat));

  test('are read once for five seats that ask at a time', async () => {
    const { files, reads } = shelf();

    const opened = await Promise.all(proposals.map((turn) => files.open(run, turn)));

    expect(reads).toEqual(['c_1 after 0']);
    expect(new Set(opened).size).toBe(1);
  });

  test('are read on from where they were for the next pass', async () => {
    const { files, reads, append } = shelf();
    await Promise.all(proposals.map((turn) => files.open(run, turn)));
    append(
      ...proposals.map((turn) => position(turn, 'o1')),
      { type: 'round.closed', round: 1, phase: 'proposal', reason: 'complete' },
      {
        type: 'round.opened',
        round: 2,
        phase: 'revision',
        seats: ['s1', 's2'],
        directives: { context: 'full', isLast: false },
      },
    );

    const file = await files.open(run, turnRef('revision', 2, 's1'));
    await files.open(run, turnRef('revision', 2, 's2'));

    expect(reads).toEqual(['c_1 after 0', 'c_1 after 2']);
    expect(file.passes[0]?.entries).toHaveLength(5);
  });

  test('reads again for the chair when a read was under way before it asked', async () => {
    const { files, reads, append } = shelf();
    const seat = files.open(run, turnRef('proposal', 1, 's1'));
    append({ type: 'round.closed', round: 1, phase: 'proposal', reason: 'complete' });

    const file = await files.open(run, turnRef('synthesis', 1, 'chair'));
    await seat;

    expect(reads).toHaveLength(2);
    expect(file.state.passes).toHaveLength(1);
  });

  test('hold the texts that were too long for the ledger', async () => {
    const { files, fetched } = shelf();

    const file = await files.open(run, turnRef('proposal', 1, 's1'));

    expect(fetched).toEqual([question.artifact]);
    expect(file.opened).toMatchObject({ question: 'a long question', options: ['yes', 'no'] });
  });

  test('are read anew for the chair, whose task may follow what other workers recorded', async () => {
    const { files, reads, append } = shelf();
    append({ type: 'round.closed', round: 1, phase: 'proposal', reason: 'complete' });

    await files.open(run, turnRef('grouping', 1, 'chair'));
    await files.open(run, turnRef('grouping', 1, 'chair'));

    expect(reads).toEqual(['c_1 after 0', 'c_1 after 3']);
  });

  test('take a long stream in pages', async () => {
    const { files, reads, append } = shelf();
    const pauses = Array.from({ length: 999 }, (): Fact => ({
      type: 'collaboration.paused',
      by: '/users/local',
    }));
    append(...pauses);

    const file = await files.open(run, turnRef('proposal', 1, 's1'));

    expect(reads).toEqual(['c_1 after 0', 'c_1 after 1000']);
    expect(file.state.isPaused).toBe(false);
  });

  test('keep the runs that were used last, and read the others anew', async () => {
    const { files, reads } = shelf();
    const turn = turnRef('proposal', 1, 's1');
    for (let index = 0; index <= 256; index += 1) {
      await files.open({ ...run, collaborationId: `c_${String(index)}` }, turn);
    }

    await files.open({ ...run, collaborationId: 'c_256' }, turn);
    await files.open({ ...run, collaborationId: 'c_0' }, turn);

    expect(reads).toHaveLength(258);
    expect(reads.at(-1)).toBe('c_0 after 0');
  });

  test('tell tenants apart', async () => {
    const { files, reads } = shelf();
    const turn = turnRef('proposal', 1, 's1');

    await files.open(run, turn);
    await files.open({ ...run, tenantId: 'other' }, turn);

    expect(reads).toHaveLength(2);
  });

  test('refuse a turn whose pass was never opened', async () => {
    const { files } = shelf();

    await expect(files.open(run, turnRef('revision', 4, 's1'))).rejects.toThrow(
      'revision-4-s1: its pass is not in the ledger',
    );
  });

  test('recover from a read that failed', async () => {
    const { files, failOnce } = shelf();
    const turn = turnRef('proposal', 1, 's1');
    failOnce();

    await expect(files.open(run, turn)).rejects.toThrow('away');
    await expect(files.open(run, turn)).resolves.toMatchObject({ passes: [] });
  });
});
