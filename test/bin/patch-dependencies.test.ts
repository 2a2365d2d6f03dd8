import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { patchDependencies } from '../../bin/patch-dependencies.mjs';

let root: string;
let file: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'conclave-patches-'));
  file = join(root, 'node_modules', 'driver.js');
  mkdirSync(join(root, 'node_modules'));
  mkdirSync(join(root, 'patches'));
  writeFileSync(
    join(root, 'patches', 'driver-1.0.0.patch'),
    `Why it is there.
--- a/node_modules/driver.js
+++ b/node_modules/driver.js
@@ -1,2 +1,3 @@
 first()
+second()
 third()
`,
  );
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

describe('patching dependencies', () => {
  test('patches once, however often it runs', () => {
    writeFileSync(file, 'first()\nthird()\n');

    patchDependencies(root);
    patchDependencies(root);

    expect(readFileSync(file, 'utf8')).toBe('first()\nsecond()\nthird()\n');
  });

  test('names a patch that does not fit, and leaves the file as it is', () => {
    writeFileSync(file, 'quite()\nanother()\n');

    expect(() => {
      patchDependencies(root);
    }).toThrow('patches/driver-1.0.0.patch does not fit node_modules/driver.js');

    expect(readFileSync(file, 'utf8')).toBe('quite()\nanother()\n');
  });
});
