import { describe, expect, test } from '@jest/globals';
import { adapterCases } from 'conclave/adapter-contract';

import { adapter } from './parley.ts';
import { parleyWire } from './parley-provider.ts';

describe('the adapter for Parley', () => {
  test.each(adapterCases({ adapter, wire: parleyWire }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
