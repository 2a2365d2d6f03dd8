import { describe, expect, test } from '@jest/globals';
import { ActivityCancellationDetails } from '@temporalio/common';

import { rationaleCharactersMax } from '../../domain/replies/reply-limits.ts';
import { environmentAt, goodReply, turnHouse } from './turn-house.ts';

describe('an answer that cannot be stored at once', () => {
  const outage = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const fullDisk = Object.assign(new Error('No space left on device'), { code: '53100' });
  const storeAway = Object.assign(new Error('S3 is away'), { $metadata: { attempts: 4 } });
  const wrongData = Object.assign(new Error('violates a constraint'), { code: '23514' });
  const longReply = { answer: 'yes', rationale: '語'.repeat(rationaleCharactersMax) };

  test.each([
    ['a database that is away', [outage, outage]],
    ['a full disk', [fullDisk]],
  ])('is kept through %s, and its call is not made again', async (_name, storeFaults) => {
    const house = turnHouse({ storeFaults });

    await expect(house.ask()).resolves.toMatchObject({ type: 'position.submitted' });
    expect(house.requests).toHaveLength(1);
    expect(house.settled).toHaveLength(1);
  });

  test('is kept while the artifact store is away', async () => {
    const text = JSON.stringify({ ...longReply, evidence: [], confidence: 0.8 });
    const house = turnHouse({ acts: [{ text }], storeFaults: [storeAway] });

    await expect(house.ask()).resolves.toMatchObject({ type: 'position.submitted' });
    expect(house.requests).toHaveLength(1);
    expect(house.texts.size).toBe(1);
  });

  test('is kept through an outage before it is asked for again', async () => {
    const house = turnHouse({ acts: [{ text: 'Yes.' }, goodReply], storeFaults: [outage] });

    await expect(house.ask()).resolves.toMatchObject({ type: 'position.submitted' });
    expect(house.requests).toHaveLength(2);
  });

  test('is left to Temporal when time cannot mend it', async () => {
    const house = turnHouse({ storeFaults: [wrongData] });

    await expect(house.ask()).rejects.toThrow('violates a constraint');
  });

  test.each(['away', null])('is left to Temporal after a fault of ours: %p', async (fault) => {
    const house = turnHouse({ storeFaults: [fault] });

    await expect(house.ask()).rejects.toBe(fault);
  });

  test('is let go by a worker that ends', async () => {
    const house = turnHouse({ storeFaults: [outage, fullDisk] });
    const environment = environmentAt();

    const asked = house.ask(environment);
    environment.cancel(
      'WORKER_SHUTDOWN',
      new ActivityCancellationDetails({ workerShutdown: true }),
    );

    await expect(asked).rejects.toBe(outage);
  });
});
