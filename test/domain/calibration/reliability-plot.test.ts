import { describe, expect, test } from '@jest/globals';

import { fitMap, unprovenMap } from '../../../domain/calibration/confidence-map.ts';
import { reliabilityPlot } from '../../../domain/calibration/reliability-plot.ts';
import { scoreOf } from '../../../domain/calibration/score.ts';
import { trials } from './trials.ts';

const counts = [trials(0.65, 6, 4), trials(0.95, 30, 20), trials(null, 1, 0)];
const shown = {
  title: 'sim-ada: openai/gpt',
  score: scoreOf(counts),
  map: fitMap(counts, 'other'),
  questions: 61,
};

describe('a reliability plot', () => {
  test('has a dot with its interval for each bin that has trials, larger for more', () => {
    const dots = [
      ...reliabilityPlot(shown).matchAll(
        /<circle class="dot" cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"><title>([^<]+)/g,
      ),
    ];

    expect(dots.map(([, x, y, , title]) => [Number(x), Number(y), title])).toEqual([
      [323, 236, '10 answers, 60 % right'],
      [437, 236, '50 answers, 60 % right'],
    ]);
    expect(Number(dots[0]?.[3])).toBeLessThan(Number(dots[1]?.[3]));
  });

  test('says what it is made of', () => {
    const plot = reliabilityPlot(shown);

    expect(plot).toContain('61 resolved questions, 60 answers with a confidence');
    expect(plot).toContain('Brier score: 0.');
    expect(plot).toMatch(/0\.9 counts as 0\.[5-6]\d/);
  });

  test('of one question counts in the singular', () => {
    const score = scoreOf([trials(0.5, 1, 0)]);
    const plot = reliabilityPlot({ ...shown, score, questions: 1 });

    expect(plot).toContain('1 resolved question, 1 answer with a confidence');
    expect(plot).toContain('<title>1 answer, 100 % right</title>');
  });

  test('without any trial shows how the first confidence will be read', () => {
    const plot = reliabilityPlot({ title: 'new', score: null, map: unprovenMap, questions: 0 });

    expect(plot).toContain('0 resolved questions, none with a confidence');
    expect(plot).toContain('0.9 counts as 0.75');
    expect(plot).not.toContain('Brier');
    expect(plot).not.toContain('NaN');
  });

  test('shows a name as text, whatever it holds, and loads nothing', () => {
    const title = `<script>alert("&")</script>\u0000${'x'.repeat(100)}`;
    const plot = reliabilityPlot({ ...shown, title });

    expect(plot).not.toContain('<script');
    expect(plot).toContain('&lt;script&gt;alert(&quot;&amp;&quot;)');
    expect(plot).toContain(' …</text>');
    expect(plot).not.toContain('\u0000');
    expect(plot).not.toMatch(/href|url\(|@import/);
  });
});
