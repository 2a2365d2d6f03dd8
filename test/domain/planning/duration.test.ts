import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { parseDeadline, parseDuration } from '../../../domain/planning/duration.ts';

describe('parseDuration', () => {
  test.each([
    ['PT10M', 600_000],
    ['PT1S', 1_000],
    ['PT0.5S', 500],
    ['PT1,25S', 1_250],
    ['P1W', 604_800_000],
    ['P1DT2H3M4S', 93_784_000],
    ['P30D', 2_592_000_000],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    '',
    'P',
    'PT',
    'P1DT',
    'P1Y',
    'P1M',
    '10M',
    'pt10m',
    '-PT1S',
    'PT1H1',
    'PT1M1H',
    'PT.5S',
  ])('refuses %p', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  test('reads what its parts add up to', () => {
    const part = fc.nat({ max: 1_000 });
    fc.assert(
      fc.property(part, part, part, part, (days, hours, minutes, seconds) => {
        const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;

        expect(parseDuration(`P${days}DT${hours}H${minutes}M${seconds}S`)).toBe(ms);
      }),
    );
  });
});

describe('parseDeadline', () => {
  test('takes one second to thirty days', () => {
    expect(parseDeadline('PT1S')).toBe(1_000);
    expect(parseDeadline('P30D')).toBe(2_592_000_000);
    expect(['PT0.999S', 'P30DT1S', 'soon'].map(parseDeadline)).toEqual([null, null, null]);
  });
});
