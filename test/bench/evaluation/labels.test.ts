import { expect, test } from '@jest/globals';

import { placeLabels, type Spot } from '../../../bench/evaluation/labels.ts';

const bounds = { left: 0, right: 200, top: 0, bottom: 200 };

function spot(x: number, y: number, label: string | null): Spot {
  return { x, y, label, colour: '#000000' };
}

test('labels cover neither points nor each other, and stay within bounds', () => {
  const spots = Array.from({ length: 8 }, (_, index) => spot(100, 90 + index * 3, String(index)));

  const placed = placeLabels([...spots, spot(120, 100, null)], bounds);

  expect(placed).toHaveLength(8);
  for (const [index, one] of placed.entries()) {
    for (const other of placed.slice(index + 1)) {
      expect(Math.abs(one.x - other.x) >= 14 || Math.abs(one.y - other.y) >= 11).toBe(true);
    }
    for (const { x, y } of spots) {
      expect(Math.abs(one.x - x) >= 11 || Math.abs(one.y - y) >= 9.5).toBe(true);
    }
    expect(one.x).toBeGreaterThanOrEqual(7);
    expect(one.y).toBeLessThanOrEqual(200 - 5.5);
  }
});

test('a label without room goes upon its point', () => {
  const tight = { left: 0, right: 5, top: 0, bottom: 5 };

  expect(placeLabels([spot(2, 2, '1')], tight)).toMatchObject([{ x: 2, y: 2 }]);
});
