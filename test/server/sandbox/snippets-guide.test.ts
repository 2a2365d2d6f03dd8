import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { pythonSnippet, snippet } from '../../support/sandbox/snippets.ts';
import { sharedSandbox } from './shared-sandbox.ts';

const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/snippets.md'), 'utf8');
const example = /```(ts|python)\n([^]*?)```\n\nInput `(.*?)`; value `(.*?)`\./g;
const examples = [...guide.matchAll(example)].map(([, language, code, stdin, value]) => {
  return { language, code: code ?? '', stdin: stdin ?? '', value };
});

const own = sharedSandbox();

test('the guide has examples in both languages', () => {
  expect(new Set(examples.map(({ language }) => language))).toEqual(new Set(['ts', 'python']));
  expect(examples).toHaveLength(guide.split('```').length / 2 - 0.5);
});

test.each(examples)('the guide’s example in $language that gives $value does', async (each) => {
  const { language, code, stdin, value } = each;
  const run = language === 'ts' ? snippet(code, { stdin }) : pythonSnippet(code, { stdin });

  expect(await own.sandbox.run(run)).toMatchObject({ status: 'ok', reason: '', value });
});
